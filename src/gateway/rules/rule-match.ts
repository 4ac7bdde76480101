/** One rule of a grant against one request. */
import type { GatewayRule } from '#apis/index.ts';
import type { RequestInfo } from '../request/request-info.ts';
import { type Query, valuesOf } from '../request/target.ts';
import { type Capability, connectVerbs, namedSubresources } from './connect-capability.ts';
import { isNarrower } from './label-narrowing.ts';

export interface Ask {
  readonly info: RequestInfo;
  readonly query: Query;
  /** What of `spec.connect` it needs. */
  readonly capability: Capability | undefined;
}

/** How far a rule goes with a request; `name` and `selector` tell what alone is in the way. */
export type Match = 'yes' | 'no' | 'name' | 'selector' | 'query';

const collections = new Set(['list', 'watch', 'deletecollection']);

/** Whether the rule, as one that allows, covers the request. */
export function matchAllow(rule: GatewayRule, ask: Ask): Match {
  const { info, capability } = ask;
  const verbs = isStreamOf(capability) ? connectVerbs : [info.verb];
  if (!verbs.some((verb) => has(rule.verbs, verb))) return 'no';
  if (!any(rule.apiGroups, info.group) || !any(rule.namespaces, info.namespace)) return 'no';
  if (!coversResource(rule, info, capability)) return 'no';
  if (!any(rule.resourceNames, info.name)) return collections.has(info.verb) ? 'name' : 'no';
  if (!selects(rule, info)) return 'selector';
  return queriesFit(rule, ask.query) ? 'yes' : 'query';
}

/** Whether the rule, as one that denies, covers the request: when in doubt it does. */
export function matchDeny(rule: GatewayRule, ask: Ask): boolean {
  const { info, capability } = ask;
  const verbs = capability === undefined ? [info.verb] : [...connectVerbs, info.verb];
  if (!verbs.some((verb) => has(rule.verbs, verb))) return false;
  if (!any(rule.apiGroups, info.group)) return false;
  // A request for all namespaces, or for all names, includes the denied ones.
  if (info.namespace !== '' && !any(rule.namespaces, info.namespace)) return false;
  if (info.name !== '' && !any(rule.resourceNames, info.name)) return false;
  const { resources = [], subresources = [] } = rule;
  if (resources.length > 0 && !resources.some((name) => denies(name, info))) return false;
  if (subresources.length > 0 && !has(subresources, info.subresource)) return false;
  return Object.entries(rule.queries ?? {}).every(([key, value]) =>
    valuesOf(ask.query, key).some((given) => meansSame(given, value)),
  );
}

/** Whether a server could read one as the other: switches have many spellings. */
function meansSame(given: string, value: string): boolean {
  return given === value || (isSwitch.test(value) && isOn(given) === isOn(value));
}

const isSwitch = /^(?:true|false|1|0)$/i;

function isOn(value: string): boolean {
  return !/^(?:false|0)$/i.test(value);
}

/** Through a proxy every method is one of its own; the other capabilities open one stream. */
function isStreamOf(capability: Capability | undefined): boolean {
  return capability !== undefined && capability !== 'proxy';
}

function denies(resource: string, info: RequestInfo): boolean {
  const [name = '', sub] = resource.split('/', 2);
  if (name !== '*' && name !== info.resource) return false;
  return sub === undefined || sub === '*' || sub === info.subresource;
}

function coversResource(
  rule: GatewayRule,
  info: RequestInfo,
  capability: Capability | undefined,
): boolean {
  const { resources = [], subresources = [] } = rule;
  const wanted = resources.length === 0 ? ['*'] : resources;
  return wanted.some((entry) => {
    const [name = '', sub] = entry.split('/', 2);
    if (name !== '*' && name !== info.resource) return false;
    const subs = sub === undefined ? subresources : [sub];
    if (info.subresource === '') return sub === undefined;
    if (subs.includes(info.subresource)) return true;
    // The capability says that streams may be opened, the rule to what.
    if (capability !== undefined) return subs.length === 0 || subs.includes('*');
    return subs.includes('*') && !namedSubresources.has(info.subresource);
  });
}

function selects(rule: GatewayRule, info: RequestInfo): boolean {
  const { selectors = [] } = rule;
  if (selectors.length === 0) return true;
  if (!collections.has(info.verb)) return false;
  return selectors.every((selector) => isNarrower(info.labelSelector, selector));
}

function queriesFit(rule: GatewayRule, query: Query): boolean {
  return Object.entries(rule.queries ?? {}).every(([key, value]) => {
    const values = valuesOf(query, key);
    return values.length === 1 && values[0] === value;
  });
}

function has(list: readonly string[], value: string): boolean {
  return list.includes(value) || list.includes('*');
}

/** An empty list means any. */
function any(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.length === 0 || has(list, value);
}
