/** Whether a label selector of a request stays inside the selector that a rule demands. */
import { unreachable } from '#base/assert.ts';
import { type LabelRequirement, parseLabelSelector, StatusError } from '#kube/index.ts';

/** True when everything that `asked` selects is also selected by `demanded`. */
export function isNarrower(asked: string, demanded: string): boolean {
  const wide = requirementsOf(demanded);
  const narrow = requirementsOf(asked);
  if (wide === undefined || narrow === undefined) return false;
  return wide.every((need) => narrow.some((has) => implies(has, need)));
}

function requirementsOf(text: string): readonly LabelRequirement[] | undefined {
  try {
    return parseLabelSelector(text).requirements;
  } catch (thrown) {
    if (thrown instanceof StatusError) return undefined;
    throw thrown;
  }
}

/** True when an object that satisfies `has` always satisfies `need`. */
function implies(has: LabelRequirement, need: LabelRequirement): boolean {
  if (has.key !== need.key) return false;
  const within = has.values.every((value) => need.values.includes(value));
  switch (need.operator) {
    case 'In':
      return has.operator === 'In' && within;
    case 'NotIn':
      if (has.operator === 'In') return !has.values.some((value) => need.values.includes(value));
      if (has.operator === 'DoesNotExist') return true;
      return has.operator === 'NotIn' && need.values.every((value) => has.values.includes(value));
    case 'Exists':
      return has.operator === 'In' || has.operator === 'Exists';
    case 'DoesNotExist':
      return has.operator === 'DoesNotExist';
    case 'GreaterThan':
    case 'LessThan':
      return has.operator === need.operator && has.values[0] === need.values[0];
    default:
      return unreachable(need.operator, 'label operator');
  }
}
