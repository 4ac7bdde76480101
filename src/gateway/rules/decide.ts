/**
 * The decision about one request under one grant: what never opens, what a rule denies, what a
 * capability, a rule or a pattern allows. Nothing else is allowed.
 */
import { unreachable } from '#base/assert.ts';
import type { GatewayRule, GatewayToken } from '#apis/index.ts';
import { type RequestInfo, requestInfo } from '../request/request-info.ts';
import { type Target, valuesOf } from '../request/target.ts';
import { type Capability, capabilityOf, namedSubresources } from './connect-capability.ts';
import { mayCreate } from './create-by-name.ts';
import { type HardDenyOptions, hardDenied } from './hard-deny.ts';
import { type Ask, type Match, matchAllow, matchDeny } from './rule-match.ts';
import { matchesUrl, parseUrlPattern, type UrlPattern } from './url-pattern.ts';

export interface Decision {
  readonly allowed: boolean;
  /** What decided: `rules[0]`, `urls[1]`, `discovery`, `never`, `none`. */
  readonly rule: string;
  /** For the client; empty when allowed. */
  readonly reason: string;
  readonly info: RequestInfo;
  readonly capability: Capability | undefined;
  /** Watches, followed logs and connects: they last, and end with the grant. */
  readonly isStream: boolean;
}

export type GrantSpec = GatewayToken['spec'];

interface NumberedRule {
  readonly id: string;
  readonly rule: GatewayRule;
}

/** Paths that are no resource and that clients need to work at all. */
const discovery =
  /^\/(?:version|healthz|livez|readyz|api(?:\/[^/]+)?|apis(?:\/[^/]+(?:\/[^/]+)?)?|openapi\/v2|openapi\/v3(?:\/.*)?)?\/?$/;

/** The rules of one grant, read once. */
export class GrantRules {
  readonly #allow: readonly NumberedRule[];
  readonly #deny: readonly NumberedRule[];
  readonly #connect: ReadonlySet<string>;
  readonly #urls: readonly { readonly id: string; readonly pattern: UrlPattern }[];
  readonly #methods: ReadonlySet<string>;
  readonly #never: HardDenyOptions;

  constructor(spec: GrantSpec, never: HardDenyOptions) {
    const rules = (spec.rules ?? []).map((rule, at) => ({ id: `rules[${at}]`, rule }));
    this.#allow = rules.filter(({ rule }) => rule.effect !== 'deny');
    this.#deny = rules.filter(({ rule }) => rule.effect === 'deny');
    this.#connect = new Set(spec.connect ?? []);
    this.#urls = (spec.urls ?? []).flatMap((text, at) => {
      const pattern = parseUrlPattern(text);
      return pattern === undefined ? [] : [{ id: `urls[${at}]`, pattern }];
    });
    const methods = spec.methods ?? [];
    this.#methods = new Set((methods.length === 0 ? ['get'] : methods).map(lower));
    this.#never = never;
  }

  /**
   * @param target below the mount point
   * @param contentType of the body, as it came
   */
  decide(method: string, target: Target, contentType = ''): Decision {
    const info = requestInfo(method, target);
    const capability = capabilityOf(info);
    const follow = valuesOf(target.query, 'follow').some((value) => !/^(?:false|0)$/i.test(value));
    const isStream =
      info.verb === 'watch' || (capability !== undefined && (capability !== 'log' || follow));
    const base = { info, capability, isStream };
    const never = hardDenied(info, this.#never);
    if (never !== undefined) return { ...base, allowed: false, rule: 'never', reason: never };
    const [doubled] = info.doubled;
    if (doubled !== undefined) {
      const reason = `${doubled} is given more than once`;
      return { ...base, allowed: false, rule: 'never', reason };
    }
    const ask: Ask = { info, query: target.query, capability };
    const asks = mayCreate(method, contentType, info) ? [ask, creating(ask)] : [ask];
    const denied =
      info.isResource && this.#deny.find(({ rule }) => asks.some((each) => matchDeny(rule, each)));
    if (denied) {
      const reason = `${denied.id} of the grant denies this`;
      return { ...base, allowed: false, rule: denied.id, reason };
    }
    const verdict = this.#permit(method, target, ask);
    const [, create] = asks;
    if (!verdict.allowed || create === undefined) return { ...base, ...verdict };
    // What is not there yet would be made: both verbs are needed, as RBAC demands it.
    const made = this.#permit('POST', target, create);
    return { ...base, ...(made.allowed ? verdict : made) };
  }

  #permit(method: string, target: Target, ask: Ask): Pick<Decision, 'allowed' | 'rule' | 'reason'> {
    const { info, capability } = ask;
    if (!info.isResource && isDiscovery(method, target)) return allowedBy('discovery');
    if (capability !== undefined && !this.#connect.has(capability)) {
      return refusedFor(`the grant does not name ${capability} among what may be connected to`);
    }
    if (info.isResource && info.verb === '') return refusedFor('no rule can allow this method');
    const misses: { readonly id: string; readonly match: Match }[] = [];
    if (info.isResource) {
      for (const { id, rule } of this.#allow) {
        if (!opensStream(rule, capability)) continue;
        const match = matchAllow(rule, ask);
        if (match === 'yes') return allowedBy(id);
        if (match !== 'no') misses.push({ id, match });
      }
    }
    const url = this.#urlFor(method, target, info);
    return url === undefined ? refusedFor(reasonOf(info, misses)) : allowedBy(url);
  }

  #urlFor(method: string, target: Target, info: RequestInfo): string | undefined {
    const verb = method === 'HEAD' ? 'get' : lower(method);
    if (!this.#methods.has(verb)) return undefined;
    if (info.verb === 'watch' && !this.#methods.has('watch')) return undefined;
    const named = namedSubresources.has(info.subresource);
    return this.#urls.find(
      ({ pattern }) =>
        matchesUrl(pattern, target.segments) &&
        (!named || pattern.segments.includes(info.subresource)),
    )?.id;
  }
}

/** A rule that names streams opens those of the grant's that it names. */
function opensStream({ connect }: GatewayRule, capability: Capability | undefined): boolean {
  const own: readonly string[] | undefined = connect;
  return capability === undefined || own === undefined || own.includes(capability);
}

function creating(ask: Ask): Ask {
  return { ...ask, info: { ...ask.info, verb: 'create' } };
}

/** True for reading what every client must read first; such requests are not counted. */
export function isDiscovery(method: string, target: Target): boolean {
  return (method === 'GET' || method === 'HEAD') && discovery.test(target.path);
}

function reasonOf(
  info: RequestInfo,
  misses: readonly { readonly id: string; readonly match: Match }[],
): string {
  const [miss] = misses;
  const match = miss?.match;
  const id = miss?.id ?? '';
  switch (match) {
    case 'name':
      return `${id} is for certain names only: add fieldSelector=metadata.name=NAME`;
    case 'selector':
      return `${id} is for lists with its label selector, or a narrower one`;
    case 'query':
      return `${id} demands certain query parameters`;
    case 'no':
    case 'yes':
    case undefined:
      return info.isResource
        ? `no rule of the grant allows ${info.verb} on ${resourceText(info)}`
        : 'no pattern of the grant allows this path';
    default:
      return unreachable(match, 'match');
  }
}

function resourceText({ group, resource, subresource, namespace }: RequestInfo): string {
  const full = `${resource}${subresource === '' ? '' : `/${subresource}`}`;
  const what = group === '' ? full : `${full}.${group}`;
  return namespace === '' ? what : `${what} in ${namespace}`;
}

function allowedBy(rule: string): Pick<Decision, 'allowed' | 'rule' | 'reason'> {
  return { allowed: true, rule, reason: '' };
}

function refusedFor(reason: string): Pick<Decision, 'allowed' | 'rule' | 'reason'> {
  return { allowed: false, rule: 'none', reason };
}

function lower(text: string): string {
  return text.toLowerCase();
}
