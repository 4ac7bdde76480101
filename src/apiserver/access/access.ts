/** Who may do what, put together: roles, tokens, reviews, gates, and what keeps them. */
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { KubeObject, Registry } from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import { issuerDocument, keySetDocument } from '#token/index.ts';
import type { ObjectGate } from '../objects/object-gate.ts';
import type { ObjectWriter } from '../objects/object-writer.ts';
import { AccountKeeper } from './account-keeper.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import { CertificateAuthenticator } from './authentication/certificate-authenticator.ts';
import { RevokedCertificates, revocationGate } from './authentication/revoked-certificates.ts';
import { TokenAuthenticator } from './authentication/token-authenticator.ts';
import { type Authorizer, MastersFirst } from './authorization/authorizer.ts';
import { RoleKeeper } from './authorization/role-keeper.ts';
import { StoredRoles } from './authorization/stored-roles.ts';
import { gatewayTokenGate } from './gates/gateway-token-gate.ts';
import { gatewayVerdictGate } from './gates/gateway-verdict-gate.ts';
import { roleGate } from './gates/role-gate.ts';
import { ReviewTable } from './reviews/review-table.ts';
import { TokenChecker } from './tokens/token-checker.ts';
import { TokenKeys, type TokenKeysOptions } from './tokens/token-keys.ts';

export interface AccessDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  /** Name of this server in tokens: its URL. */
  issuer(): string;
}

export class Access {
  readonly #deps: AccessDeps;
  readonly #roles: StoredRoles;
  readonly #keys: TokenKeys;
  readonly #revoked: RevokedCertificates;
  readonly #keepers: { start(): Promise<void>; stop(): Promise<void> }[] = [];
  readonly authorizer: Authorizer;
  readonly authenticators: readonly Authenticator[];
  readonly reviews: ReviewTable;
  /** Every write passes them in this order. */
  readonly gates: readonly ObjectGate[];

  constructor(deps: AccessDeps, options: { readonly keys?: TokenKeysOptions } = {}) {
    this.#deps = deps;
    const { clock, store } = deps;
    const roles = new StoredRoles(store);
    const keys = new TokenKeys(deps, options.keys);
    const issuer = (): string => deps.issuer();
    const checker = new TokenChecker({ clock, store, keys, issuer });
    const authorizer = new MastersFirst(roles);
    const { rulesFor, rulesOf } = bound(roles);
    const revoked = new RevokedCertificates(store);
    this.#revoked = revoked;
    this.#roles = roles;
    this.#keys = keys;
    this.authorizer = authorizer;
    this.authenticators = [
      new CertificateAuthenticator(clock, revoked),
      new TokenAuthenticator(checker, clock),
    ];
    const tokens = { clock, store, keys, issuer };
    this.reviews = new ReviewTable({ authorizer, checker, tokens, rulesFor });
    this.gates = [
      roleGate({ authorizer, rulesFor, rulesOf }),
      gatewayTokenGate({ authorizer }),
      gatewayVerdictGate,
      revocationGate,
    ];
  }

  /**
   * Keys, default roles and default accounts are there when it resolves.
   * @throws ApiServerError APISERVER_FILES_UNUSABLE
   */
  async start(writer: ObjectWriter): Promise<void> {
    this.#roles.start();
    this.#revoked.start();
    await this.#keys.start();
    const deps = { ...this.#deps, writer };
    this.#keepers.push(new RoleKeeper(deps), new AccountKeeper(deps));
    for (const keeper of this.#keepers) await keeper.start();
  }

  async stop(): Promise<void> {
    for (const keeper of this.#keepers) await keeper.stop();
    await this.#keys.stop();
    this.#revoked.stop();
    await this.#roles.stop();
  }

  /** The documents by which others check our tokens; undefined for other paths. */
  document(path: string): { readonly contentType: string; readonly body: unknown } | undefined {
    switch (path.replace(/\/$/u, '')) {
      case '/openid/v1/jwks':
        return { contentType: 'application/jwk-set+json', body: keySetDocument(this.#keys.all) };
      case '/.well-known/openid-configuration': {
        const issuer = this.#deps.issuer();
        const body = issuerDocument(issuer, `${issuer}/openid/v1/jwks`, this.#keys.all);
        return { contentType: 'application/json', body };
      }
      default:
        return undefined;
    }
  }
}

function bound(roles: StoredRoles): Pick<StoredRoles, 'rulesFor' | 'rulesOf'> {
  return {
    rulesFor: (user, namespace) => roles.rulesFor(user, namespace),
    rulesOf: (ref, namespace) => roles.rulesOf(ref, namespace),
  };
}
