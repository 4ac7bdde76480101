/**
 * What may be asked for beyond what the API server allows: which accounts, for whom the tokens are,
 * how long they live, and who asks. A policy only ever refuses more.
 */
import { DurationError, forbiddenResource, isRecord, parseDuration } from '#kube/index.ts';
import type { StatusError } from '#kube/index.ts';
import type { BearerClaims } from './bearer-claims.ts';
import { TokenRequestError } from './errors.ts';
import type { TokenRequestSpec } from './request-body.ts';
import type { TokenTarget } from './target.ts';

export interface TokenRequestPolicy {
  /** `namespace/name`, or `namespace/*`. Absent: every account. */
  readonly accounts?: readonly string[];
  /** Audiences that may be asked for. Absent: any. */
  readonly audiences?: readonly string[];
  /** Refuse requests without an audience, which mean the API server itself. */
  readonly audienceRequired?: boolean;
  /** Longest life that may be asked for; seconds. */
  readonly expirationSecondsMax?: number;
  /** The bearer must say that it is the account it asks a token for. */
  readonly selfOnly?: boolean;
  /** Refuse bearers that live shorter than this: a minted token cannot renew itself. Milliseconds. */
  readonly bearerLifetimeMsMin?: number;
  /** Kinds that tokens may be bound to. Absent: any; empty: none. */
  readonly boundObjectKinds?: readonly string[];
}

/** Life that the API server gives when none is asked for; seconds. */
const expirationSecondsDefault = 3600;

/** True when the policy must look into the body. */
export function readsBody(policy: TokenRequestPolicy): boolean {
  const { audiences, audienceRequired, expirationSecondsMax, boundObjectKinds } = policy;
  return (
    audiences !== undefined ||
    audienceRequired === true ||
    expirationSecondsMax !== undefined ||
    boundObjectKinds !== undefined
  );
}

/** Why the caller may not ask for this account. @param claims of the bearer; undefined: not a JWT */
export function refuseCaller(
  policy: TokenRequestPolicy,
  target: TokenTarget,
  claims: BearerClaims | undefined,
): StatusError | undefined {
  const { namespace, account } = target;
  const listed = policy.accounts?.some(
    (entry) => entry === `${namespace}/${account}` || entry === `${namespace}/*`,
  );
  if (listed === false) return refused(account, 'tokens of this account are not given out here');
  if (
    policy.selfOnly === true &&
    claims?.subject !== `system:serviceaccount:${namespace}:${account}`
  ) {
    return refused(account, 'an account may ask for tokens of its own only');
  }
  const { bearerLifetimeMsMin } = policy;
  if (bearerLifetimeMsMin === undefined) return undefined;
  if (claims === undefined) return refused(account, 'the bearer is not a service account token');
  const { lifetimeSeconds } = claims;
  if (lifetimeSeconds !== undefined && lifetimeSeconds * 1000 < bearerLifetimeMsMin) {
    return refused(account, 'a short-lived token cannot be used to get another one');
  }
  return undefined;
}

/** Why this token may not be asked for. */
export function refuseSpec(
  policy: TokenRequestPolicy,
  account: string,
  spec: TokenRequestSpec,
): StatusError | undefined {
  if (policy.audienceRequired === true && spec.audiences.length === 0) {
    return refused(account, 'spec.audiences must name an audience');
  }
  const other = spec.audiences.find((audience) => policy.audiences?.includes(audience) === false);
  if (other !== undefined) {
    return refused(account, `the audience ${JSON.stringify(other)} is not allowed`);
  }
  const { expirationSecondsMax: max, boundObjectKinds } = policy;
  if (max !== undefined && (spec.expirationSeconds ?? expirationSecondsDefault) > max) {
    return refused(account, `spec.expirationSeconds must be at most ${max}`);
  }
  const kind = spec.boundObjectRef?.['kind'];
  if (kind !== undefined && boundObjectKinds?.includes(kind) === false) {
    return refused(account, `tokens cannot be bound to a ${JSON.stringify(kind)} here`);
  }
  return undefined;
}

function refused(account: string, why: string): StatusError {
  return forbiddenResource({ plural: 'serviceaccounts', group: '' }, account, why);
}

/** Shortest life that Kubernetes gives; milliseconds. */
const expirationMsLeast = 600_000;

type Reader<T> = (value: unknown, field: string) => T;

const fault = (field: string, wanted: string): TokenRequestError =>
  new TokenRequestError('TOKENREQUEST_POLICY_INVALID', `policy: ${field} must be ${wanted}`);

const texts: Reader<readonly string[]> = (value, field) => {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw fault(field, 'a list of texts');
};

const accounts: Reader<readonly string[]> = (value, field) => {
  const list = texts(value, field);
  const wrong = list.find((entry) => !/^[a-z0-9-]+\/(\*|[a-z0-9.-]+)$/.test(entry));
  if (wrong === undefined) return list;
  throw fault(field, `"namespace/name" or "namespace/*", not ${JSON.stringify(wrong)}`);
};

const flag: Reader<boolean> = (value, field) => {
  if (typeof value === 'boolean') return value;
  throw fault(field, 'true or false');
};

const durationMs: Reader<number> = (value, field) => {
  try {
    const ms = parseDuration(String(value));
    if (ms > 0) return ms;
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
  }
  throw fault(field, 'a duration such as 30m or 24h');
};

const fields = {
  accounts,
  audiences: texts,
  audienceRequired: flag,
  expirationMax: durationMs,
  selfOnly: flag,
  bearerLifetimeMin: durationMs,
  boundObjectKinds: texts,
} as const;

/**
 * A policy from its file.
 * @param value the parsed YAML; an empty file is a policy that refuses nothing
 * @throws TokenRequestError TOKENREQUEST_POLICY_INVALID naming the field
 */
export function parsePolicy(value: unknown): TokenRequestPolicy {
  if (value === null || value === undefined) return {};
  if (!isRecord(value)) throw fault('the file', 'a map of fields');
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) {
    throw fault(unknown, `one of ${Object.keys(fields).join(', ')}; it is none of them`);
  }
  const read = <K extends keyof typeof fields>(
    name: K,
  ): ReturnType<(typeof fields)[K]> | undefined => {
    const given = value[name];
    return given === undefined
      ? undefined
      : (fields[name](given, name) as ReturnType<(typeof fields)[K]>);
  };
  const expirationMs = read('expirationMax');
  if (expirationMs !== undefined && expirationMs < expirationMsLeast) {
    throw fault('expirationMax', '10m or more: Kubernetes makes no shorter tokens');
  }
  const bearerMs = read('bearerLifetimeMin');
  return {
    ...defined('accounts', read('accounts')),
    ...defined('audiences', read('audiences')),
    ...defined('audienceRequired', read('audienceRequired')),
    ...(expirationMs === undefined
      ? {}
      : { expirationSecondsMax: Math.floor(expirationMs / 1000) }),
    ...defined('selfOnly', read('selfOnly')),
    ...defined('bearerLifetimeMsMin', bearerMs),
    ...defined('boundObjectKinds', read('boundObjectKinds')),
  };
}

function defined<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]?: V });
}
