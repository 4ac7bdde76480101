/**
 * The last decision about each target, for who asks the same again. A decision is a function of
 * rules, method and target, and all three are compared: rules and target as the objects they are,
 * because a grant that changes gets other rules. It goes when its target does.
 */
import type { Target } from '../request/target.ts';
import type { Decision, GrantRules } from './decide.ts';

interface Made {
  readonly rules: GrantRules;
  readonly method: string;
  readonly decision: Decision;
}

export class LastDecisions {
  readonly #made = new WeakMap<Target, Made>();

  /** @throws GatewayError GATEWAY_TARGET */
  decide(rules: GrantRules, method: string, target: Target): Decision {
    const made = this.#made.get(target);
    if (made !== undefined && made.rules === rules && made.method === method) return made.decision;
    const decision = rules.decide(method, target);
    this.#made.set(target, { rules, method, decision });
    return decision;
  }
}
