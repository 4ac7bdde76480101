/** Redeems the code of a grant at a gateway for a session, for tools. */
import { randomBytes } from 'node:crypto';
import { parseTime } from '#kube/index.ts';
import type { Credential } from '../../api/credential-cache.ts';
import { CliError } from '../../errors.ts';
import { postToGateway } from './post-to-gateway.ts';

export interface CodeAt {
  /** `https://host:port` of the gateway. */
  readonly gateway: string;
  /** PEM bundle; absent: the system's roots. */
  readonly ca?: string;
  readonly code: string;
}

/** @throws CliError CLI_REFUSED with the gateway's words, CLI_API_NOT_FOUND */
export async function redeemCode(at: CodeAt, nowMs: () => number): Promise<Credential> {
  const obtainedAtMs = nowMs();
  const body = await postToGateway({
    ...at,
    path: 'redeem',
    body: { code: at.code, nonce: randomBytes(24).toString('base64url'), as: 'bearer' },
    todoOf: (status) =>
      status === 503 ? 'try again in a moment' : 'ask for a new kubeconfig or token',
  });
  const { token, expirationTimestamp } = body;
  const expiresAtMs =
    typeof expirationTimestamp === 'string' ? parseTime(expirationTimestamp) : undefined;
  if (typeof token !== 'string' || expiresAtMs === undefined) {
    throw new CliError('CLI_REFUSED', `${at.gateway} answered without a session`, {
      todo: 'check that the address is that of a drawbridge gateway',
    });
  }
  return { token, obtainedAtMs, expiresAtMs };
}
