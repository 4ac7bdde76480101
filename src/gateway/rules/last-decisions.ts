/**
 * The last decision about each target, for who asks the same again. A decision is a function of
 * rules, method, target and type of the body, and all are compared: rules and target as the objects
 * they are, because a grant that changes gets other rules. It goes when its target does.
 */
import type { Target } from '../request/target.ts';
import type { Decision, GrantRules } from './decide.ts';

export interface Asked {
  readonly method: string;
  readonly target: Target;
  /** Content type of the body, as it came. */
  readonly type: string | undefined;
}

interface Made extends Pick<Asked, 'method' | 'type'> {
  readonly rules: GrantRules;
  readonly decision: Decision;
}

export class LastDecisions {
  readonly #made = new WeakMap<Target, Made>();

  /** @throws GatewayError GATEWAY_TARGET */
  decide(rules: GrantRules, { method, target, type }: Asked): Decision {
    const made = this.#made.get(target);
    const same = made?.rules === rules && made.method === method && made.type === type;
    if (same) return made.decision;
    const decision = rules.decide(method, target, type);
    this.#made.set(target, { rules, method, type, decision });
    return decision;
  }
}
