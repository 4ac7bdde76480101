/** Approving or denying a grant with a bearer: the gateway writes it down, the API server says who decides. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { keyOf } from '#kube/index.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import type { GatewayAddress } from '#gateway/index.ts';
import type { Session } from '../../api/session.ts';
import { CliError } from '../../errors.ts';
import { postToGateway } from './post-to-gateway.ts';

/** A token for the API server out of a file. @throws CliError CLI_FILE */
export async function readTokenFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `--token-file cannot be read: ${messageOf(cause)}`, {
      todo: 'check the path and its permissions',
      cause,
    });
  });
  const token = text.trim();
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  throw new CliError('CLI_FILE', `${path} holds no token`, {
    todo: "write one into it, such as that of 'kubectl create token NAME'",
  });
}

export interface Verdict {
  readonly decision: 'approved' | 'denied';
  readonly reason?: string;
}

export interface Decided {
  readonly grant: GatewayToken;
  /** Who the API server says decided. */
  readonly approver: string;
  /** Approvals that it still waits for. */
  readonly missing: number;
}

/** The grant to decide about. @throws CliError CLI_NOT_THERE */
export async function grantToDecide(session: Session, name: string): Promise<GatewayToken> {
  const { client, namespace } = session;
  const grant = await client.find(gatewayToken, { namespace, name });
  if (grant !== undefined) return grant;
  throw new CliError('CLI_NOT_THERE', `there is no grant "${name}" in ${namespace}`, {
    todo: "see 'drawbridge gateway list -A'",
  });
}

/**
 * Through the gateway, where there is a token to show it.
 * @throws CliError CLI_REFUSED with the gateway's words, CLI_API_NOT_FOUND
 */
export async function showVerdict(
  gateway: GatewayAddress,
  grant: GatewayToken,
  verdict: Verdict,
  authorization: string,
): Promise<Decided> {
  const { approver, missing } = await postToGateway({
    gateway: gateway.url,
    ca: gateway.ca,
    path: 'approvals',
    authorization,
    body: { ...keyOf(grant), uid: grant.metadata.uid, ...verdict },
    todoOf,
  });
  if (typeof approver === 'string' && typeof missing === 'number') {
    return { grant, approver, missing };
  }
  throw new CliError('CLI_REFUSED', `${gateway.url} answered without a decision`, {
    todo: todoOf(404),
  });
}

/**
 * The bearer that says by itself who the API server would take us for; undefined where a client
 * certificate, impersonation or a password say it, which nobody but the API server can be shown.
 */
export async function bearerOf(connection: KubeConnection): Promise<string | undefined> {
  const { tls, headers } = await connection.credentials();
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const hasMore = names.some((name) => name.startsWith('impersonate-'));
  if (tls.cert !== undefined || tls.pfx !== undefined || hasMore) return undefined;
  const value = Object.values(headers)[names.indexOf('authorization')];
  return typeof value === 'string' && /^bearer /i.test(value) ? value : undefined;
}

function todoOf(status: number): string {
  switch (status) {
    case 401:
      return 'use a kubeconfig or --token-file whose token the API server of the grants knows';
    case 403:
      return "ask somebody named in the grant's spec.approval.from, with the verb approve on gatewaytokens";
    case 404:
      return 'check that the address is that of a drawbridge gateway, and its version';
    case 410:
      return 'ask for a new grant';
    case 503:
      return 'try again in a moment; the log of the gateway says more';
    default:
      return "see 'drawbridge gateway list'";
  }
}
