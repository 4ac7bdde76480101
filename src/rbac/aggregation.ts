/**
 * Roles made of other roles.
 * @spec Kubernetes rbac.authorization.k8s.io/v1 AggregationRule
 */
import { equalJson, labelSelectorOf, type LabelSelectorSpec } from '#kube/index.ts';
import type { PolicyRule } from './rule.ts';

/** A ClusterRole as a part of others. */
export interface RolePart {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
}

/**
 * The rules of all roles that some selector takes, in order of selector and name, each once.
 * @param own name of the role that is made, which is no part of itself
 */
export function aggregatedRules(
  selectors: readonly LabelSelectorSpec[],
  roles: readonly RolePart[],
  own: string,
): PolicyRule[] {
  const sorted = roles
    .filter(({ name }) => name !== own)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: PolicyRule[] = [];
  for (const spec of selectors) {
    const selector = labelSelectorOf(spec);
    for (const { labels, rules } of sorted) {
      if (!selector.matches(labels)) continue;
      for (const rule of rules) {
        if (!found.some((known) => equalJson(known, rule))) found.push(rule);
      }
    }
  }
  return found;
}
