/**
 * What a GatewayToken opens, in the words of RBAC: its creator must hold all of it himself. The one
 * place that says so, for the API server of one machine, the admission webhook of a cluster and the
 * gateway that issues.
 */
import { compactRules, ruleText, singleCases } from './coverage.ts';
import { type Attributes, fullRules, type PolicyRule } from './rule.ts';
import { type User, whoText } from './user.ts';

/** The fields of a token's spec that open something. */
export interface Opening {
  readonly rules?: readonly OpeningRule[];
  readonly connect?: readonly string[];
  readonly urls?: readonly string[];
  readonly cluster?: string;
}

export interface OpeningRule {
  readonly effect?: string;
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly subresources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Those of the token's streams that this rule opens; absent: all. */
  readonly connect?: readonly string[];
}

/** One single right. */
export interface OpenedRight {
  /** Empty means everywhere. */
  readonly namespace: string;
  /** One verb, one group, one resource and at most one name; or one verb and one path. */
  readonly rule: PolicyRule;
}

/** Single rights that one token may open; who opens more makes several. */
export const openedRightsMax = 128;

/** The right that a way in by a named capability stands for, where it is not to create a stream. */
const capabilityVerbs: Readonly<Record<string, readonly string[]>> = {
  log: ['get'],
  vnc: ['get'],
  console: ['get'],
  usbredir: ['get'],
};

/** The cluster whose API keeps the tokens. */
const ownCluster = 'local';

/** What the creator must hold, each right once; undefined when it is more than one token may open. */
export function openedRights(spec: Opening): readonly OpenedRight[] | undefined {
  const found = new Map<string, OpenedRight>();
  for (const { namespace, rules } of wantedIn(spec)) {
    const cases = singleCases(rules, openedRightsMax);
    if (cases === undefined) return undefined;
    for (const rule of cases) found.set(JSON.stringify([namespace, rule]), { namespace, rule });
    if (found.size > openedRightsMax) return undefined;
  }
  return [...found.values()];
}

/** The right as one asks an API server about it. */
export function attributesOf({ namespace, rule }: OpenedRight): Attributes {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const [verb = ''] = verbs;
  if (nonResourceURLs !== undefined) return { type: 'path', verb, path: nonResourceURLs[0] ?? '' };
  const [resource = '', subresource = ''] = (resources?.[0] ?? '').split('/', 2);
  return {
    type: 'resource',
    verb,
    group: apiGroups?.[0] ?? '',
    version: '*',
    resource,
    subresource,
    namespace,
    name: resourceNames?.[0] ?? '',
  };
}

function wantedIn(spec: Opening): { readonly namespace: string; readonly rules: PolicyRule[] }[] {
  const found: { readonly namespace: string; readonly rules: PolicyRule[] }[] = [];
  for (const rule of spec.rules ?? []) {
    if (rule.effect === 'deny') continue;
    const { connect: own } = rule;
    const connect = (spec.connect ?? []).filter((each) => own?.includes(each) ?? true);
    const rules = policyRules(rule, connect);
    const { namespaces = [] } = rule;
    const everywhere = namespaces.length === 0 || namespaces.includes('*');
    for (const namespace of everywhere ? [''] : namespaces) found.push({ namespace, rules });
  }
  // Patterns may match anything, and rights in another cluster cannot be looked up here: both are
  // for who may do everything.
  const elsewhere = (spec.cluster ?? ownCluster) !== ownCluster;
  if (elsewhere || (spec.urls ?? []).length > 0)
    found.push({ namespace: '', rules: [...fullRules] });
  return found;
}

/** A rule of a token in the words of RBAC. An empty list means any. */
function policyRules(rule: OpeningRule, connect: readonly string[]): PolicyRule[] {
  const { verbs = [], resources = [], resourceNames = [], subresources = [] } = rule;
  const anyOf = (list: readonly string[] = []): readonly string[] =>
    list.length === 0 ? ['*'] : list;
  const base = {
    apiGroups: anyOf(rule.apiGroups),
    ...(resourceNames.length === 0 || resourceNames.includes('*') ? {} : { resourceNames }),
  };
  return anyOf(resources).flatMap((entry): PolicyRule[] => {
    const [name = '', own] = entry.split('/', 2);
    const parts = own === undefined ? subresources : [own];
    // RBAC has no way to say "every subresource of this": only the star of all resources covers it.
    const named = parts.map((part) => (part === '*' ? '*' : `${name}/${part}`));
    const wanted = own === undefined ? [name, ...named] : named;
    const streams = connect.map((capability) => ({
      ...base,
      verbs: capability === 'proxy' ? verbs : (capabilityVerbs[capability] ?? ['create']),
      resources: [name === '*' ? '*' : `${name}/${capability}`],
    }));
    return [{ ...base, verbs, resources: wanted }, ...streams];
  });
}

/** Refuses a token that opens more rights than can be looked at. */
export const tooMuchText = `it opens more than ${openedRightsMax} single rights at once: make several tokens`;

/** Tells a creator what he lacks, and what can be done about it. */
export function lackingText(user: User, lacking: readonly OpenedRight[]): string {
  const namespaces = [...new Set(lacking.map(({ namespace }) => namespace))];
  const lines = namespaces.flatMap((namespace) => {
    const where =
      namespace === '' ? 'in all namespaces' : `in the namespace ${JSON.stringify(namespace)}`;
    const rules = lacking.filter((each) => each.namespace === namespace).map(({ rule }) => rule);
    return compactRules(rules).map((rule) => `${ruleText(rule)} ${where}`);
  });
  return `${whoText(user)} is attempting to open what is not allowed to him:\n${lines.sort().join('\n')}\n${wayOut}`;
}

const wayOut =
  'open less, have these rights given to you, or ask somebody who may escalate on gatewaytokens';
