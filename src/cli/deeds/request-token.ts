/** Asks an API server, or what exposes its TokenRequest API, for a short-lived token. */
import { HttpError, type HttpResponse, httpsRequest } from '#http/index.ts';
import { isRecord, parseTime } from '#kube/index.ts';
import type { Credential } from '../api/credential-cache.ts';
import { CliError } from '../errors.ts';

export interface TokenWish {
  /** API server or public address of the TokenRequest API, with its prefix. */
  readonly server: string;
  readonly ca?: string;
  readonly namespace: string;
  readonly account: string;
  readonly audiences: readonly string[];
  readonly durationMs: number;
  /** The long-lived token that may ask. */
  readonly bearer: string;
}

/** @throws CliError CLI_REFUSED with the server's words, CLI_API_NOT_FOUND */
export async function requestToken(wish: TokenWish, nowMs: () => number): Promise<Credential> {
  const obtainedAtMs = nowMs();
  const answer = await post(wish);
  const body = parsed(answer);
  if (answer.status !== 201) throw refused(wish, answer.status, body);
  const status = isRecord(body) ? body['status'] : undefined;
  const { token, expirationTimestamp } = isRecord(status) ? status : {};
  const expiresAtMs =
    typeof expirationTimestamp === 'string' ? parseTime(expirationTimestamp) : undefined;
  if (typeof token !== 'string' || token === '' || expiresAtMs === undefined) {
    throw new CliError('CLI_REFUSED', `${wish.server} answered without a token`, {
      todo: 'check that --server is an API server or exposes its TokenRequest API',
    });
  }
  return { token, obtainedAtMs, expiresAtMs };
}

async function post(wish: TokenWish): Promise<HttpResponse> {
  const path = `/api/v1/namespaces/${wish.namespace}/serviceaccounts/${wish.account}/token`;
  try {
    return await httpsRequest({
      url: `${wish.server.replace(/\/+$/, '')}${path}`,
      method: 'POST',
      headers: {
        authorization: `Bearer ${wish.bearer}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          ...(wish.audiences.length === 0 ? {} : { audiences: wish.audiences }),
          expirationSeconds: Math.floor(wish.durationMs / 1000),
        },
      }),
      minVersion: 'TLSv1.2',
      ...(wish.ca === undefined ? {} : { ca: wish.ca }),
    });
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    throw new CliError('CLI_API_NOT_FOUND', `${wish.server} cannot be asked: ${thrown.message}`, {
      todo: 'check --server, and --ca-file when its certificate is not publicly trusted',
      cause: thrown,
    });
  }
}

function parsed(answer: HttpResponse): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    return undefined;
  }
}

const advice: Readonly<Record<number, string>> = {
  401: 'the bearer is not valid or has expired: give the long-lived token of the account',
  403: 'give the bearer the verb create on serviceaccounts/token, or ask for what the policy allows',
  404: 'check --service-account and the path of --server',
  422: 'tokens live at least 10m',
  429: 'wait a moment; keep the cache on so that a token is used until it nears its end',
};

function refused(wish: TokenWish, status: number, body: unknown): CliError {
  const message = isRecord(body) && typeof body['message'] === 'string' ? body['message'] : '';
  const words = message === '' ? 'no reason given' : message.slice(0, 1000);
  return new CliError('CLI_REFUSED', `${wish.server} refused with ${status}: ${words}`, {
    todo: advice[status] ?? 'try again in a moment, or look at the log of that server',
  });
}
