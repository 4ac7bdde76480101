/**
 * Issues grants for callers who prove to the API server who they are. The grant is made with the
 * caller's own bearer, so that the API server decides whether he may make one and writes down who he
 * is; its code is given only when he may do himself all that it opens.
 */
import { randomBytes } from 'node:crypto';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Random } from '#base/random.ts';
import { apiVersionOf } from '#kube/index.ts';
import { type Attributes, attributesOf, openedRights, tooMuchText } from '#rbac/index.ts';
import { type KubeClient, type KubeConnection, updateStatus } from '#kubeclient/index.ts';
import type { Creators } from '../creator/creators.ts';
import { GatewayError } from '../errors.ts';
import { hashOf, newCode, revealHandle } from '../grant/handle.ts';
import { asRefusal, Caller, inWords } from './caller.ts';
import { escalation, lackingOf, mayDo } from './reviews.ts';

export interface IssuerDeps {
  /** The gateway itself: writes the hash of the code. */
  readonly client: KubeClient;
  /** Where the grants are kept; its credentials are not used for callers. */
  readonly connection: KubeConnection;
  readonly random: Random;
  /** Absent: the API server says who created a grant. */
  readonly creators?: Pick<Creators, 'vouched'>;
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
    const caller = new Caller(this.#deps.connection, bearer);
    try {
      const { user } = await caller.who();
      await this.#refuseMore(caller.client, wish);
      const { namespace, name = `grant-${randomBytes(4).toString('hex')}`, spec } = wish;
      const made = await caller.client.create(gatewayToken, {
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
      const known = this.#deps.creators?.vouched(copy, user) ?? status;
      return { ...copy, status: { ...known, codeHash, issuedBy: known.issuedBy ?? user } };
    });
    if (written?.object.status?.codeHash !== codeHash) {
      throw new GatewayError('GATEWAY_ENDED', 'the grant was changed by somebody else meanwhile');
    }
    return { grant: written.object, code: revealHandle(code) };
  }
}
