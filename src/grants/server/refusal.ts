/**
 * The answers of a grant server that refuses, as clients of Skupper know them: status, text and a
 * line feed. Their order is part of the protocol and kept in redemption.ts.
 */
export interface Refusal {
  readonly status: number;
  /** Without the line feed that ends it on the wire. */
  readonly text: string;
  /** When to come back, in seconds. */
  readonly retryAfterSeconds?: number;
  /** True for answers that a guesser gets; they count against the limits. */
  readonly isFailedAttempt?: boolean;
}

export const refusals = {
  notPost: { status: 405, text: 'Only POST is supported' },
  badBody: { status: 400, text: 'Request body not valid' },
  badName: { status: 400, text: 'Request header name not valid' },
  badSubject: { status: 400, text: 'Request header subject not valid' },
  badRequest: { status: 400, text: 'Request header certificate-request not valid' },
  unknown: { status: 404, text: 'No such claim', isFailedAttempt: true },
  corrupted: { status: 500, text: 'Corrupted claim' },
  expired: { status: 404, text: 'No such claim', isFailedAttempt: true },
  usedUp: { status: 404, text: 'No such access granted', isFailedAttempt: true },
  wrongCode: { status: 403, text: 'Redemption of access token refused', isFailedAttempt: true },
  revoked: { status: 403, text: 'Access was revoked', isFailedAttempt: true },
  ownSite: { status: 400, text: "Can't create connection to self with token" },
  notCounted: { status: 503, text: 'Internal error', retryAfterSeconds: 2 },
  noIssuer: { status: 500, text: 'Could not get issuer for requested certificate' },
  edgeSite: { status: 500, text: 'Edge sites cannot accept incoming links from remote sites' },
  noEndpoints: { status: 500, text: 'No valid endpoints found for site' },
} as const satisfies Readonly<Record<string, Refusal>>;

/** The namespace of the grant has no site. */
export function noSite(namespace: string): Refusal {
  return { status: 500, text: `Site not yet defined for ${namespace}` };
}

/** Too many failed attempts from one place, or against one grant. */
export function tooManyAttempts(waitMs: number): Refusal {
  return { status: 429, text: 'Too many attempts', retryAfterSeconds: Math.ceil(waitMs / 1000) };
}
