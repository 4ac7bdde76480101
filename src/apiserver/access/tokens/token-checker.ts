/**
 * Whether a token is good here and now: signature, times, audience, and that the ServiceAccount and
 * the object it is bound to are still the ones it was made for. What was found of a signature is
 * remembered, the rest is looked at each time.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { KubeObject } from '#kube/index.ts';
import {
  authenticatedGroup,
  serviceAccountGroups,
  serviceAccountUser,
  type User,
} from '#rbac/index.ts';
import type { Store } from '#store/index.ts';
import {
  checkTokenTime,
  commonAudiences,
  type TokenClaims,
  TokenError,
  verifyToken,
} from '#token/index.ts';
import { RecentResults } from './recent-results.ts';
import type { TokenKeys } from './token-keys.ts';

export interface TokenCheckerDeps {
  readonly clock: Clock;
  readonly store: Store<KubeObject>;
  readonly keys: TokenKeys;
  /** Name of this server in tokens; also the audience for it. */
  issuer(): string;
}

export interface CheckedToken {
  readonly user: User;
  /** Those that were asked for and are in the token. */
  readonly audiences: readonly string[];
}

/** A signature that holds, and the key it was made with. */
interface Verified {
  readonly claims: TokenClaims;
  readonly generation: readonly unknown[];
}

/** Tokens remembered. */
const rememberedMax = 4096;

const collections = { pod: 'pods', secret: 'secrets', node: 'nodes' } as const;

export class TokenChecker {
  readonly #deps: TokenCheckerDeps;
  readonly #known = new RecentResults<Verified>(rememberedMax);

  constructor(deps: TokenCheckerDeps) {
    this.#deps = deps;
  }

  /** Whether the token was seen and its signature was good. */
  knows(token: string): boolean {
    return this.#known.get(digestOf(token)) !== undefined;
  }

  /**
   * @param audiences who asks; empty means this server
   * @throws TokenError
   */
  async check(token: string, audiences: readonly string[] = []): Promise<CheckedToken> {
    const claims = await this.#claimsOf(token);
    checkTokenTime(claims, this.#deps.clock.nowMs());
    const asked = audiences.length === 0 ? [this.#deps.issuer()] : audiences;
    const common = commonAudiences(claims, asked);
    this.#checkAlive(claims);
    return { user: userOf(claims), audiences: common };
  }

  async #claimsOf(token: string): Promise<TokenClaims> {
    const digest = digestOf(token);
    const { all } = this.#deps.keys;
    const known = this.#known.get(digest);
    // A key that went takes its tokens with it.
    if (known && sameList(known.generation, all)) return known.claims;
    const issuers = [this.#deps.issuer()];
    const claims = await verifyToken(token, all, { issuers, nowMs: this.#deps.clock.nowMs() });
    this.#known.set(digest, { claims, generation: all });
    return claims;
  }

  /** @throws TokenError TOKEN_EXPIRED */
  #checkAlive({ namespace, serviceAccount, bound }: TokenClaims): void {
    this.#checkObject('serviceaccounts', namespace, serviceAccount);
    if (!bound) return;
    const place = bound.kind === 'node' ? '' : namespace;
    this.#checkObject(collections[bound.kind], place, bound);
  }

  #checkObject(
    collection: string,
    namespace: string,
    { name, uid }: { readonly name: string; readonly uid: string },
  ): void {
    const metadata = this.#deps.store.get(collection, { namespace, name })?.value.metadata;
    if (metadata?.uid === uid && metadata.deletionTimestamp === undefined) return;
    throw new TokenError('TOKEN_EXPIRED', 'service account token has been invalidated');
  }
}

/** The user a token stands for, as Kubernetes describes it. */
function userOf({ namespace, serviceAccount, bound, id }: TokenClaims): User {
  const prefix = 'authentication.kubernetes.io';
  return {
    name: serviceAccountUser({ namespace, name: serviceAccount.name }),
    uid: serviceAccount.uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
    extra: {
      [`${prefix}/credential-id`]: [`JTI=${id}`],
      ...(bound === undefined || bound.kind === 'secret'
        ? {}
        : {
            [`${prefix}/${bound.kind}-name`]: [bound.name],
            [`${prefix}/${bound.kind}-uid`]: [bound.uid],
          }),
    },
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
