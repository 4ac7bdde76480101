/**
 * What a bound ServiceAccount token says.
 * @spec Kubernetes pkg/serviceaccount claims
 */
import { isRecord } from '#kube/index.ts';

/** An object by name and identity. */
export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

/** Kinds of objects that a token may be bound to: it ends with them. */
export type BoundKind = 'pod' | 'secret' | 'node';

export interface TokenClaims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly bound?: BoundObject & { readonly kind: BoundKind };
  /** Identity of the token itself. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const privateClaim = 'kubernetes.io';
const boundKinds: readonly BoundKind[] = ['pod', 'secret', 'node'];

/** The claims as they stand in the token. */
export function payloadOf(claims: TokenClaims): Record<string, unknown> {
  const { namespace, serviceAccount, bound, issuedAt } = claims;
  return {
    aud: claims.audiences,
    exp: claims.expiresAt,
    iat: issuedAt,
    iss: claims.issuer,
    jti: claims.id,
    [privateClaim]: {
      namespace,
      ...(bound === undefined ? {} : { [bound.kind]: { name: bound.name, uid: bound.uid } }),
      serviceaccount: { name: serviceAccount.name, uid: serviceAccount.uid },
    },
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  };
}

/** The claims of a payload; undefined when it is not that of a bound token. */
export function parseClaims(payload: Readonly<Record<string, unknown>>): TokenClaims | undefined {
  const { aud, exp, iat, iss, jti, sub } = payload;
  const own = payload[privateClaim];
  if (!isRecord(own) || typeof own['namespace'] !== 'string') return undefined;
  const { namespace } = own;
  const serviceAccount = objectOf(own['serviceaccount']);
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (!serviceAccount || !isTextList(audiences) || typeof iss !== 'string') return undefined;
  if (typeof exp !== 'number' || typeof iat !== 'number' || typeof jti !== 'string')
    return undefined;
  if (sub !== `system:serviceaccount:${namespace}:${serviceAccount.name}`) return undefined;
  const given = boundKinds.filter((kind) => own[kind] !== undefined);
  const [kind] = given;
  const object = kind && objectOf(own[kind]);
  // A binding that cannot be read must not become a token without one.
  if (given.length > 1 || (kind && !object)) return undefined;
  return {
    issuer: iss,
    audiences,
    namespace,
    serviceAccount,
    ...(kind && object ? { bound: { ...object, kind } } : {}),
    id: jti,
    issuedAt: iat,
    expiresAt: exp,
  };
}

function objectOf(value: unknown): BoundObject | undefined {
  if (!isRecord(value)) return undefined;
  const { name, uid } = value;
  if (typeof name !== 'string' || typeof uid !== 'string' || name === '' || uid === '') {
    return undefined;
  }
  return { name, uid };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
