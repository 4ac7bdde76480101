/** The rules inside roles: schema and checks. */
import type { FieldError } from '../../field-error.ts';
import { invalid, required } from '../../field-error.ts';
import { array, object, string } from '../../schema/build.ts';
import type { Infer } from '../../schema/node.ts';

export const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;

const texts = (description: string) => array(description, string('A text, or *.'), atomic);

/** Schema of one rule. @spec Kubernetes rbac.authorization.k8s.io/v1 PolicyRule */
export const ruleSchema = object('What may be done to what.', {
  required: { verbs: texts('Verbs such as get and list; * for all.') },
  optional: {
    apiGroups: texts('API groups; the empty text is the core group.'),
    resources: texts('Resources, with /SUBRESOURCE where one is meant; * for all.'),
    resourceNames: texts('Names; without them every name.'),
    nonResourceURLs: texts('Paths that are no resources; * at the end stands for anything.'),
  },
});

type Rule = Infer<typeof ruleSchema>;

/** Schema of the rules of a role. */
export const rulesSchema = array('What may be done.', ruleSchema, atomic);

/**
 * Faults of the rules of a role.
 * @param namespaced rules of a Role cannot name paths
 */
export function checkRules(rules: readonly Rule[], namespaced: boolean): FieldError[] {
  return rules.flatMap((rule, index) => checkRule(rule, `rules[${index}]`, namespaced));
}

function checkRule(rule: Rule, place: string, namespaced: boolean): FieldError[] {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const found: FieldError[] = [];
  if (rule.verbs.length === 0) {
    found.push(required(`${place}.verbs`, 'verbs must contain at least one value'));
  }
  if (nonResourceURLs.length > 0) {
    const field = `${place}.nonResourceURLs`;
    if (namespaced) {
      const detail = 'namespaced rules cannot apply to non-resource URLs';
      found.push(invalid(field, nonResourceURLs, detail));
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const detail = 'rules cannot apply to both regular resources and non-resource URLs';
      found.push(invalid(field, nonResourceURLs, detail));
    }
    return found;
  }
  if (apiGroups.length === 0) {
    const detail = 'resource rules must supply at least one api group';
    found.push(required(`${place}.apiGroups`, detail));
  }
  if (resources.length === 0) {
    const detail = 'resource rules must supply at least one resource';
    found.push(required(`${place}.resources`, detail));
  }
  return found;
}
