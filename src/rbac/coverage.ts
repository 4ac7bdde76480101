/**
 * Whether rules somebody holds take in rules somebody is to be given.
 * @spec Kubernetes component-helpers auth/rbac/validation
 */
import { type PolicyRule, urlMatches } from './rule.ts';

/** Single cases that one comparison may come to; beyond it, coverage is denied. */
const casesMax = 20_000;

/**
 * The parts of `wanted` that no rule of `held` takes in, made compact; empty when all are covered.
 * A comparison of absurd size covers nothing.
 */
export function uncoveredRules(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  const parts = singleCases(wanted, casesMax);
  if (parts === undefined) return [...wanted];
  return compactRules(parts.filter((part) => !held.some((rule) => covers(rule, part))));
}

/** A rule in the words of Kubernetes' refusals. */
export function ruleText(rule: PolicyRule): string {
  const quoted = (list: readonly string[]): string =>
    `[${list.map((text) => JSON.stringify(text)).join(' ')}]`;
  const parts = (
    [
      ['APIGroups', rule.apiGroups],
      ['Resources', rule.resources],
      ['NonResourceURLs', rule.nonResourceURLs],
      ['ResourceNames', rule.resourceNames],
      ['Verbs', rule.verbs],
    ] as const
  ).flatMap(([name, list]) => (list && list.length > 0 ? [`${name}:${quoted(list)}`] : []));
  return `{${parts.join(', ')}}`;
}

/** One rule for each combination in the rules; undefined when they are more than `max`. */
export function singleCases(
  rules: readonly PolicyRule[],
  max: number,
): readonly PolicyRule[] | undefined {
  const size = rules.reduce((sum, rule) => sum + caseCount(rule), 0);
  return size > max ? undefined : rules.flatMap(breakDown);
}

function caseCount(rule: PolicyRule): number {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = Math.max(1, resourceNames.length);
  return verbs.length * (apiGroups.length * resources.length * names + nonResourceURLs.length);
}

/** One rule for each combination of group, resource, verb and name, and of URL and verb. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const found: PolicyRule[] = [];
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) found.push(one);
        for (const name of resourceNames) found.push({ ...one, resourceNames: [name] });
      }
    }
  }
  for (const url of nonResourceURLs) {
    for (const verb of verbs) found.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return found;
}

function covers(held: PolicyRule, part: PolicyRule): boolean {
  const names = held.resourceNames ?? [];
  const wantedNames = part.resourceNames ?? [];
  return (
    hasAll(held.verbs, part.verbs) &&
    hasAll(held.apiGroups, part.apiGroups) &&
    (part.resources ?? []).every((each) => coversResource(held.resources ?? [], each)) &&
    (part.nonResourceURLs ?? []).every((url) =>
      (held.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, url)),
    ) &&
    (names.length === 0 ||
      (wantedNames.length > 0 && wantedNames.every((name) => names.includes(name))))
  );
}

function hasAll(held: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return held.includes('*') || wanted.every((each) => held.includes(each));
}

function coversResource(held: readonly string[], wanted: string): boolean {
  if (held.includes('*') || held.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && held.includes(`*${wanted.slice(slash)}`);
}

/** Puts the verbs of one resource and name together again. */
export function compactRules(parts: readonly PolicyRule[]): PolicyRule[] {
  const found = new Map<string, PolicyRule>();
  for (const part of parts) {
    const { verbs, ...rest } = part;
    const key = part.nonResourceURLs ? JSON.stringify(part) : JSON.stringify(rest);
    const known = found.get(key);
    found.set(key, known ? { ...known, verbs: [...known.verbs, ...verbs] } : part);
  }
  return [...found.values()];
}
