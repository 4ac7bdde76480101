/** Somebody who calls with a bearer of the API server: what that server says of him, asked as he. */
import {
  KubeClient,
  KubeClientError,
  type KubeClientErrorCode,
  type KubeConnection,
} from '#kubeclient/index.ts';
import { GatewayError, type GatewayErrorCode } from '../errors.ts';
import { type Attributes, qualifiedBySubresource } from '#rbac/index.ts';
import { mayDo } from './reviews.ts';

const authentication = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

export class Caller {
  /** Acts with the caller's bearer and nothing of the gateway's own. */
  readonly client: KubeClient;

  constructor(connection: KubeConnection, bearer: string) {
    this.client = new KubeClient(callerConnection(connection, bearer));
  }

  close(): void {
    this.client.close();
  }

  /** @throws GatewayError GATEWAY_CREDENTIAL when the server knows nobody by this bearer */
  async who(): Promise<{ readonly user: string; readonly groups: readonly string[] }> {
    const review = await this.#ask<{ userInfo?: { username?: string; groups?: string[] } }>(
      authentication,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    );
    const { username: user = '', groups = [] } = review?.userInfo ?? {};
    if (user !== '' && user !== 'system:anonymous') return { user, groups };
    throw new GatewayError('GATEWAY_CREDENTIAL', 'the API server does not know the bearer');
  }

  /** @throws GatewayError GATEWAY_DENIED naming what he may not */
  async require(attributes: Attributes): Promise<void> {
    const allowed = await mayDo(this.client, attributes).catch((thrown: unknown) => {
      throw asRefusal(thrown);
    });
    if (allowed) return;
    throw new GatewayError('GATEWAY_DENIED', `you may not yourself ${inWords(attributes)}`, {
      rule: 'issuer',
    });
  }

  async #ask<T>(path: string, body: object): Promise<T | undefined> {
    try {
      return (await this.client.raw<{ status?: T }>({ method: 'POST', path, body })).status;
    } catch (thrown) {
      throw asRefusal(thrown);
    }
  }
}

/** The same server as somebody else: nothing of the gateway's own credential goes along. */
export function callerConnection(own: KubeConnection, bearer: string): KubeConnection {
  return {
    server: own.server,
    namespace: own.namespace,
    credentials: async () => {
      const { ca, servername, rejectUnauthorized } = (await own.credentials()).tls;
      const tls = Object.fromEntries(
        Object.entries({ ca, servername, rejectUnauthorized }).filter(
          ([, value]) => value !== undefined,
        ),
      );
      return { tls, headers: { Authorization: `Bearer ${bearer}` } };
    },
  };
}

/** A right in the words of people. */
export function inWords(attributes: Attributes): string {
  if (attributes.type === 'path') return `${attributes.verb} the paths ${attributes.path}`;
  const { verb, group, namespace, name } = attributes;
  const what = qualifiedBySubresource(attributes);
  const full = group === '' || group === '*' ? what : `${what}.${group}`;
  const where = namespace === '' ? 'in all namespaces' : `in ${namespace}`;
  return `${verb} ${full}${name === '' ? '' : ` ${name}`} ${where}`;
}

const codes: Partial<Readonly<Record<KubeClientErrorCode, GatewayErrorCode>>> = {
  KUBE_UNAUTHORIZED: 'GATEWAY_CREDENTIAL',
  KUBE_FORBIDDEN: 'GATEWAY_DENIED',
  KUBE_INVALID: 'GATEWAY_REQUEST',
  KUBE_REFUSED: 'GATEWAY_REQUEST',
  KUBE_ALREADY_EXISTS: 'GATEWAY_REQUEST',
  KUBE_NOT_FOUND: 'GATEWAY_REQUEST',
};

/** The API server's words about the caller's own request are for the caller. */
export function asRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof KubeClientError)) return thrown;
  const code = codes[thrown.code];
  if (code !== undefined) return new GatewayError(code, thrown.message, { cause: thrown });
  return new GatewayError('GATEWAY_STORE', 'the API server cannot be asked now', { cause: thrown });
}
