/**
 * Issues grants for callers who prove to the API server who they are. The grant is made with the
 * caller's own bearer, so that the API server decides whether he may make one and writes down who he
 * is; its code is given only when he may do himself all that it opens.
 */
import { randomBytes } from 'node:crypto';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Random } from '#base/random.ts';
import { apiVersionOf } from '#kube/index.ts';
import {
  type Attributes,
  attributesOf,
  openedRights,
  qualifiedBySubresource,
  tooMuchText,
} from '#rbac/index.ts';
import {
  KubeClient,
  KubeClientError,
  type KubeClientErrorCode,
  type KubeConnection,
  updateStatus,
} from '#kubeclient/index.ts';
import { GatewayError, type GatewayErrorCode } from '../errors.ts';
import { hashOf, newCode, revealHandle } from '../grant/handle.ts';
import { escalation, lackingOf, mayDo } from './reviews.ts';

export interface IssuerDeps {
  /** The gateway itself: writes the hash of the code. */
  readonly client: KubeClient;
  /** Where the grants are kept; its credentials are not used for callers. */
  readonly connection: KubeConnection;
  readonly random: Random;
}

export interface IssueWish {
  readonly namespace: string;
  /** Absent: one is made. */
  readonly name: string | undefined;
  readonly spec: GatewayToken['spec'];
}

export interface Issued {
  readonly grant: GatewayToken;
  /** To be shown once. */
  readonly code: string;
}

const authentication = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

export class Issuer {
  readonly #deps: IssuerDeps;

  constructor(deps: IssuerDeps) {
    this.#deps = deps;
  }

  /**
   * @param bearer of the caller, good at the API server
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_DENIED naming what is missing, GATEWAY_REQUEST,
   *   GATEWAY_STORE
   */
  async issue(bearer: string, wish: IssueWish): Promise<Issued> {
    const caller = new KubeClient(callerConnection(this.#deps.connection, bearer));
    try {
      const user = await whoIs(caller);
      await this.#refuseMore(caller, wish);
      const { namespace, name = `grant-${randomBytes(4).toString('hex')}`, spec } = wish;
      const made = await caller.create(gatewayToken, {
        apiVersion: apiVersionOf(gatewayToken),
        kind: gatewayToken.kind,
        metadata: { namespace, name },
        spec,
      });
      return await this.#giveCode(made, user);
    } catch (thrown) {
      throw asRefusal(thrown);
    } finally {
      caller.close();
    }
  }

  async #refuseMore(caller: KubeClient, { namespace, spec }: IssueWish): Promise<void> {
    const needed = openedRights(spec);
    if (needed === undefined) throw new GatewayError('GATEWAY_REQUEST', tooMuchText);
    const ask = (attributes: Attributes): Promise<boolean> => mayDo(caller, attributes);
    if (await ask(escalation(namespace))) return;
    const lacking = await lackingOf(needed, ask);
    if (lacking.length === 0) return;
    const words = lacking.map((right) => inWords(attributesOf(right)));
    throw new GatewayError('GATEWAY_DENIED', `you may not yourself ${words.join('; ')}`, {
      rule: 'issuer',
    });
  }

  async #giveCode(made: GatewayToken, user: string): Promise<Issued> {
    const { namespace = '', name } = made.metadata;
    const code = newCode(this.#deps.random, { namespace, name });
    const codeHash = hashOf(code);
    const written = await updateStatus(this.#deps.client, gatewayToken, made, (copy) => {
      const { status = {} } = copy;
      if (status.codeHash !== undefined) return copy;
      return { ...copy, status: { ...status, codeHash, issuedBy: status.issuedBy ?? user } };
    });
    if (written?.object.status?.codeHash !== codeHash) {
      throw new GatewayError('GATEWAY_ENDED', 'the grant was changed by somebody else meanwhile');
    }
    return { grant: written.object, code: revealHandle(code) };
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

async function whoIs(caller: KubeClient): Promise<string> {
  const review = await caller.raw<{ status?: { userInfo?: { username?: string } } }>({
    method: 'POST',
    path: authentication,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const name = review.status?.userInfo?.username ?? '';
  if (name !== '' && name !== 'system:anonymous') return name;
  throw new GatewayError('GATEWAY_CREDENTIAL', 'the API server does not know the bearer');
}

function inWords(attributes: Attributes): string {
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
function asRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof KubeClientError)) return thrown;
  const code = codes[thrown.code];
  if (code !== undefined) return new GatewayError(code, thrown.message, { cause: thrown });
  return new GatewayError('GATEWAY_STORE', 'the grant cannot be made now', { cause: thrown });
}
