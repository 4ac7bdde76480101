/**
 * Logins as grants: one grant for each, in the gateway's own namespace, so that counting, expiry,
 * revocation, records and streams are those of any grant, on every replica.
 */
import { createHash } from 'node:crypto';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { apiVersionOf, keyOf } from '#kube/index.ts';
import { isKubeError, type KubeClient, KubeClientError, updateStatus } from '#kubeclient/index.ts';
import { type Creators, gatewayItself } from '../creator/creators.ts';
import { GatewayError } from '../errors.ts';
import { type Identity, requireUser } from '../proxy/identity.ts';
import { type GrantLimits, windowOf } from '../grant/grant-facts.ts';
import { hashOf, newCode } from '../grant/handle.ts';
import type { Access, Gatekeeper } from '../session/gatekeeper.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';
import type { LoginOptions } from './login-options.ts';
import { loginLabel } from './login-label.ts';
import { openedFor } from './login-rules.ts';
import type { LoggedOut } from './logout-token.ts';
import { namesOf, type Person } from './person.ts';

export interface LoginSessionsDeps {
  readonly client: KubeClient;
  readonly gatekeeper: Gatekeeper;
  readonly streams: StreamRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly identity: Identity;
  readonly creators?: Pick<Creators, 'vouched'>;
}

/** How long the grant of a login is kept after its end, for who looks; milliseconds. */
const keptMs = 3600_000;

export class LoginSessions {
  readonly #deps: LoginSessionsDeps;
  readonly #options: LoginOptions;
  readonly #limits: GrantLimits;

  constructor(deps: LoginSessionsDeps, options: LoginOptions, limits: GrantLimits) {
    this.#deps = deps;
    this.#options = options;
    this.#limits = limits;
  }

  /**
   * Opens the session of a person.
   * @param state of the login; it names the grant, so that each login is one session on all replicas
   * @throws GatewayError GATEWAY_DENIED when no rule is for the person or the gateway may not
   *   impersonate him, GATEWAY_CREDENTIAL when the login was used before, GATEWAY_STORE
   */
  async open(person: Person, state: string, client: string): Promise<Access> {
    const names = namesOf(person, this.#options.prefix);
    const { identity } = this.#deps;
    if (identity.mode === 'impersonate') requireUser(names.user, identity);
    const opened = openedFor(person, this.#options.rules);
    if (opened === undefined) {
      throw new GatewayError('GATEWAY_DENIED', 'nothing is opened to you or your groups here');
    }
    const { namespace } = this.#options;
    const digest = createHash('sha256').update(state).digest('hex');
    const name = `login-${digest.slice(0, 32)}`;
    const { sessionMax: expirationWindow = '' } = opened;
    try {
      const made = await this.#deps.client.create(gatewayToken, {
        apiVersion: apiVersionOf(gatewayToken),
        kind: gatewayToken.kind,
        metadata: { namespace, name, labels: { [loginLabel]: 'true' } },
        spec: {
          ...opened,
          expirationWindow,
          maxConcurrent: 1,
          subjects: [{ kind: 'User', name: names.user }],
        },
      });
      const code = newCode(this.#deps.random, { namespace, name });
      const { issuer, name: subject, session } = person;
      const login = { ...names, groups: [...names.groups], issuer, subject };
      await updateStatus(this.#deps.client, gatewayToken, made, (copy) => ({
        ...copy,
        status: this.#vouched({
          ...copy,
          status: {
            ...copy.status,
            codeHash: hashOf(code),
            login: session === undefined ? login : { ...login, session },
          },
        }),
      }));
      return await this.#deps.gatekeeper.redeem(code, digest, client);
    } catch (thrown) {
      throw asRefusal(thrown);
    }
  }

  #vouched(grant: GatewayToken): NonNullable<GatewayToken['status']> {
    return this.#deps.creators?.vouched(grant, gatewayItself) ?? grant.status ?? {};
  }

  /** Ends the login of a session, with all that is open. @throws GatewayError GATEWAY_STORE */
  async close(grant: GatewayToken): Promise<void> {
    try {
      await this.#deps.client.patch(gatewayToken, keyOf(grant), { spec: { revoked: true } });
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw asRefusal(thrown);
    }
    this.#deps.streams.endOf(grant.metadata.uid ?? '', 'left');
  }

  /** Ends the logins that a provider says are over. @throws GatewayError GATEWAY_STORE */
  async closeOf({ issuer, subject, session }: LoggedOut): Promise<void> {
    for (const grant of await this.#list()) {
      const { login } = grant.status ?? {};
      if (login === undefined || login.issuer !== issuer || grant.spec.revoked === true) continue;
      if (session !== undefined && login.session !== session) continue;
      if (subject !== undefined && login.subject !== subject) continue;
      await this.close(grant);
    }
  }

  /** Takes away the grants of logins that have long ended. */
  async sweep(): Promise<void> {
    try {
      for (const grant of await this.#list()) {
        const endMs = windowOf(grant, this.#limits)?.endMs ?? 0;
        if (this.#deps.clock.nowMs() < endMs + keptMs) continue;
        await this.#deps.client.delete(gatewayToken, keyOf(grant));
      }
    } catch (thrown) {
      this.#deps.log.warn('old logins were not cleared away', { reason: messageOf(thrown) });
    }
  }

  async #list(): Promise<readonly GatewayToken[]> {
    const { namespace } = this.#options;
    try {
      return (
        await this.#deps.client.list(gatewayToken, {
          namespace,
          labelSelector: `${loginLabel}=true`,
        })
      ).items;
    } catch (thrown) {
      throw asRefusal(thrown);
    }
  }
}

function asRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof KubeClientError)) return thrown;
  if (thrown.code === 'KUBE_ALREADY_EXISTS') {
    return new GatewayError('GATEWAY_CREDENTIAL', 'no login: this one was used before', {
      cause: thrown,
      facts: { guess: true },
    });
  }
  return new GatewayError('GATEWAY_STORE', 'logins cannot be written down now', { cause: thrown });
}
