/** Keys of kube-gateway tokens from Secrets of the cluster, or from files. */
import { readFile } from 'node:fs/promises';
import { httpsRequest, type HttpResponse } from '#http/index.ts';
import { isRecord } from '#kube/index.ts';
import type { KubeConnection, KubeCredentials } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import type { LinkKeySource } from './link-keys.ts';

/** One item of a Secret. */
export interface SecretItem {
  readonly namespace: string;
  readonly name: string;
  readonly item: string;
}

export interface LinkKeyPlaces {
  readonly verification: SecretItem;
  readonly signing: SecretItem;
  /** A file instead of the Secret. */
  readonly verificationFile?: string;
  /** A file instead of the Secret; callers must still be allowed to read the Secret of the name. */
  readonly signingFile?: string;
}

/** Reads with the account of the gateway, or as the caller. */
export function linkKeySource(connection: KubeConnection, places: LinkKeyPlaces): LinkKeySource {
  const { verification, signing, verificationFile, signingFile } = places;
  return {
    verification: async () => {
      if (verificationFile !== undefined) return readFile(verificationFile, 'utf8');
      const answer = await ask(connection, { path: secretPath(verification) });
      if (answer.status !== 200) throw unreadable(answer.status);
      return itemOf(answer, verification.item);
    },
    signing: async (bearer) => {
      if (signingFile !== undefined) {
        await mayRead(connection, bearer, signing);
        return readFile(signingFile, 'utf8');
      }
      const answer = await ask(connection, { path: secretPath(signing), bearer });
      refuse(answer.status);
      return itemOf(answer, signing.item);
    },
  };
}

async function mayRead(connection: KubeConnection, bearer: string, of: SecretItem): Promise<void> {
  const { namespace, name } = of;
  const answer = await ask(connection, {
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    bearer,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace, name, verb: 'get', resource: 'secrets' } },
    },
  });
  refuse(answer.status);
  const value = jsonOf(answer);
  const status = isRecord(value) ? value['status'] : undefined;
  if (!isRecord(status) || status['allowed'] !== true) refuse(403);
}

/** @throws GatewayError for every status but success */
function refuse(status: number): void {
  if (status === 200 || status === 201) return;
  if (status === 401 || status === 403 || status === 404) {
    const message = `the bearer may not read the signing key (the API answered ${status})`;
    throw new GatewayError('GATEWAY_DENIED', message);
  }
  throw unreadable(status);
}

function unreadable(status: number): GatewayError {
  return new GatewayError('GATEWAY_STORE', `the API answered ${status} when asked for a key`, {
    retry: { afterMs: 5000 },
  });
}

interface Ask {
  readonly path: string;
  /** Absent: the gateway's own account. */
  readonly bearer?: string;
  readonly body?: object;
}

async function ask(connection: KubeConnection, asked: Ask): Promise<HttpResponse> {
  const { tls, headers } = await connection.credentials();
  const { bearer, body } = asked;
  try {
    return await httpsRequest({
      url: `${connection.server}${asked.path}`,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? headers : { authorization: `Bearer ${bearer}` }),
      },
      minVersion: 'TLSv1.2',
      rejectUnauthorized: tls.rejectUnauthorized ?? true,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...textsOf(tls, 'ca'),
      // A caller's bearer goes alone.
      ...(bearer === undefined ? textsOf(tls, 'cert', 'key') : {}),
    });
  } catch (cause) {
    throw new GatewayError('GATEWAY_STORE', 'the API cannot be reached now', {
      cause,
      retry: { afterMs: 5000 },
    });
  }
}

type TlsPart = 'ca' | 'cert' | 'key';

/** Parts of the TLS material, which come as texts or as bytes. */
function textsOf(
  tls: KubeCredentials['tls'],
  ...parts: readonly TlsPart[]
): Partial<Record<TlsPart, string>> {
  return Object.fromEntries(
    parts.flatMap((part) => {
      const value = tls[part];
      return typeof value === 'string' || Buffer.isBuffer(value) ? [[part, String(value)]] : [];
    }),
  );
}

function secretPath({ namespace, name }: SecretItem): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

function jsonOf(answer: HttpResponse): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function itemOf(answer: HttpResponse, item: string): string {
  const secret = jsonOf(answer);
  const data = isRecord(secret) ? secret['data'] : undefined;
  const text = isRecord(data) ? data[item] : undefined;
  if (typeof text !== 'string') {
    throw new GatewayError('GATEWAY_CONFIG', `the Secret of a key has no item ${item}`);
  }
  return Buffer.from(text, 'base64').toString('utf8');
}
