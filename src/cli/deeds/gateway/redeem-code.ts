/** Redeems the code of a grant at a gateway for a session, for tools. */
import { randomBytes } from 'node:crypto';
import { HttpError, type HttpResponse, httpsRequest } from '#http/index.ts';
import { isRecord, parseTime } from '#kube/index.ts';
import type { Credential } from '../../api/credential-cache.ts';
import { CliError } from '../../errors.ts';

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
  const answer = await post(at);
  const body = parsed(answer);
  if (answer.status !== 201) {
    const words = typeof body['message'] === 'string' ? body['message'].slice(0, 1000) : '';
    throw new CliError('CLI_REFUSED', `${at.gateway} refused with ${answer.status}: ${words}`, {
      todo: answer.status === 503 ? 'try again in a moment' : 'ask for a new kubeconfig or token',
    });
  }
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

async function post({ gateway, ca, code }: CodeAt): Promise<HttpResponse> {
  try {
    const nonce = randomBytes(24).toString('base64url');
    return await httpsRequest({
      url: `${gateway}/gateway/v1/redeem`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code, nonce, as: 'bearer' }),
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
    });
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    throw new CliError('CLI_API_NOT_FOUND', `${gateway} cannot be asked: ${thrown.message}`, {
      todo: 'check the address, and the CA when its certificate is not publicly trusted',
      cause: thrown,
    });
  }
}

function parsed(answer: HttpResponse): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.body.toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
