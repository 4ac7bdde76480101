/**
 * Redeems AccessTokens. Its loop is its own, so that grant servers which do not answer hold up
 * nobody but their token. What a grant server refuses for good is not asked again.
 */
import { backoffMs } from '#base/backoff.ts';
import type { Retry } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import { randomFraction } from '#base/random.ts';
import { type HttpResponse, httpsRequest, type HttpsRequestOptions } from '#http/index.ts';
import { isTerminating, keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import { feed, isKubeError, KubeClientError, updateStatus } from '#kubeclient/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import type { GrantsDeps } from '../controller-deps.ts';
import { GrantsError } from '../errors.ts';
import {
  type AccessToken,
  accessToken,
  link,
  type Secret,
  secret,
  type Site,
  site,
} from '../kinds.ts';
import type { ReceivedAccess, ReceivedLink } from './received-documents.ts';
import { faultOfToken, type JoinerCredentials, redeemToken } from './redemption-client.ts';
import { withStage } from './failure-stage.ts';
import { credentialsFor, forgetCredentials } from './joiner-key.ts';
import { activeSite } from '../site-access.ts';
import {
  exchangedClaim,
  isClaimOf,
  isOfEarlierToken,
  linkFor,
  linksNotedOn,
  secretFor,
} from './token-objects.ts';
import { asFailed, asOrphaned, asPending, asRedeemed, noActiveSite } from './token-status.ts';

export interface AccessTokenOptions {
  /** Redemptions in parallel; default 32. */
  readonly redemptionsMax?: number;
  /** How requests are sent; default over the network. */
  readonly send?: (options: HttpsRequestOptions) => Promise<HttpResponse>;
}

/** The first try again comes soon, for grant servers that are just starting; then ever later. */
const backoff = { firstMs: 200, maxMs: 300_000, factor: 2, jitter: 0.5 };
const redemptionsMaxDefault = 32;

/** Starts the controller; it works as soon as the informers have synced. */
export function startAccessTokenController(
  deps: GrantsDeps,
  options: AccessTokenOptions = {},
): Running {
  const tokens = deps.informers.of(accessToken);
  const sites = deps.informers.of(site);
  const reconciler = new AccessTokenReconciler(deps, options);
  const loop = new ReconcileLoop<ObjectKey>(reconciler, deps, {
    name: 'accesstoken',
    idOf: keyText,
    workersMax: options.redemptionsMax ?? redemptionsMaxDefault,
  });
  // A token that was stopped by an object of its name goes on when that object goes.
  const unredeemed = (key: ObjectKey): ObjectKey[] => {
    const token = tokens.get(key);
    return token === undefined || token.status?.redeemed === true ? [] : [key];
  };
  const leave = [
    feed(tokens, loop, (token) => [keyOf(token)]),
    feed(sites, loop, (changed) => tokens.list(changed.metadata.namespace).map(keyOf)),
    deps.informers.of(secret).onChange(({ type, object }) => {
      if (type === 'deleted') for (const key of unredeemed(keyOf(object))) loop.add(key);
    }),
    deps.informers.of(link).onChange(({ type, object }) => {
      if (type === 'deleted') for (const key of unredeemed(keyOf(object))) loop.add(key);
    }),
  ];
  let stopped = false;
  void Promise.all([tokens.synced, sites.synced]).then(() => {
    if (!stopped) loop.start();
  });
  return {
    stop: async (stopOptions) => {
      stopped = true;
      for (const end of leave) end();
      await loop.stop(stopOptions);
    },
  };
}

/** What is remembered about a token between tries. */
interface Progress {
  readonly uid: string;
  readonly generation: number | undefined;
  credentials: JoinerCredentials | undefined;
  /** Received but not stored yet. */
  access: ReceivedAccess | undefined;
  /** Refused for good. */
  refused: boolean;
  failures: number;
  /** Not asked again before this, on the monotonic clock: our own status writes come as events. */
  notBeforeMs: number;
}

class AccessTokenReconciler implements Reconciler<ObjectKey> {
  readonly #deps: GrantsDeps;
  readonly #send: (options: HttpsRequestOptions) => Promise<HttpResponse>;
  readonly #progress = new Map<string, Progress>();

  constructor(deps: GrantsDeps, options: AccessTokenOptions) {
    this.#deps = deps;
    this.#send = options.send ?? httpsRequest;
  }

  async reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
    const token = this.#deps.informers.of(accessToken).get(key);
    if (token === undefined || isTerminating(token)) {
      this.#progress.delete(keyText(key));
      return {};
    }
    const active = activeSite(this.#deps.informers.of(site).list(key.namespace));
    if (token.status?.redeemed === true) {
      this.#progress.delete(keyText(key));
      if (active === undefined) await this.#write(token, asOrphaned);
      return {};
    }
    if (active === undefined) {
      await this.#write(token, (copy, nowMs) => asPending(copy, noActiveSite, nowMs));
      return {};
    }
    const progress = this.#progressOf(key, token);
    if (progress.refused) return {};
    if (this.#pauseOf(progress) <= 0 && (await this.#isOpen(token))) {
      await this.#redeem(token, active, progress, signal);
    }
    const pauseMs = this.#pauseOf(progress);
    return pauseMs > 0 ? { requeueAfterMs: pauseMs } : {};
  }

  /**
   * Asked of the API itself: the cache may be behind, and a Link of a redeemed token that its owner
   * has deleted since must not come back.
   */
  async #isOpen(token: AccessToken): Promise<boolean> {
    const now = await this.#deps.client.find(accessToken, keyOf(token));
    return (
      now !== undefined &&
      now.metadata.uid === token.metadata.uid &&
      !isTerminating(now) &&
      now.status?.redeemed !== true
    );
  }

  #pauseOf(progress: Progress): number {
    return progress.notBeforeMs - this.#deps.clock.monotonicMs();
  }

  #progressOf(key: ObjectKey, token: AccessToken): Progress {
    const { uid = '', generation } = token.metadata;
    const known = this.#progress.get(keyText(key));
    if (known !== undefined && known.uid === uid && known.generation === generation) return known;
    const fresh: Progress = {
      uid,
      generation,
      credentials: undefined,
      access: undefined,
      refused: false,
      failures: 0,
      notBeforeMs: 0,
    };
    this.#progress.set(keyText(key), fresh);
    return fresh;
  }

  async #redeem(
    token: AccessToken,
    active: Site,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    const stored = await this.#secretOf(token);
    const noted = stored === undefined ? undefined : linksNotedOn(stored, token);
    if (noted !== undefined) return await this.#finish(token, active, noted);
    const claim = stored !== undefined && isClaimOf(stored, token) ? stored : undefined;
    const clash = await this.#clashOf(token, stored !== undefined && claim === undefined);
    const fault = clash ?? faultOfToken(token.spec ?? {});
    // A clash ends with the other object, a fault with a change of the token: both come as events.
    if (fault !== undefined) return await this.#fail(token, fault);
    const access = progress.access ?? (await this.#receive(token, active, progress, signal));
    if (access === undefined) return;
    progress.access = access;
    const { client } = this.#deps;
    try {
      if (claim === undefined) await client.create(secret, secretFor(token, active, access));
      else await client.update(secret, exchangedClaim(claim, token, access));
    } catch (thrown) {
      await this.#failToStore(token, 'secret', thrown);
    }
    progress.access = undefined;
    await this.#finish(token, active, claim === undefined ? access.links : access.links.slice(1));
  }

  /**
   * The Secret of the token's name. What an earlier token of that name left when its Link was
   * deleted is in nobody's use, and goes.
   */
  async #secretOf(token: AccessToken): Promise<Secret | undefined> {
    const { client, informers } = this.#deps;
    const key = keyOf(token);
    const found = await client.find(secret, key);
    if (found === undefined || !isOfEarlierToken(found, token)) return found;
    const users = informers.of(link).list(key.namespace);
    if (
      users.some(({ metadata, spec }) => [metadata.name, spec?.tlsCredentials].includes(key.name))
    )
      return found;
    await client.remove(secret, key);
    return undefined;
  }

  /** An object in the way, found before a use is spent on what could not be stored. */
  async #clashOf(token: AccessToken, hasSecret: boolean): Promise<string | undefined> {
    const { name } = token.metadata;
    if (hasSecret)
      return withStage(
        `Controller could not create received secret: secrets "${name}" already exists`,
        'Secret',
        'delete it or choose another name for the token',
      );
    const hasLink = (await this.#deps.client.find(link, keyOf(token))) !== undefined;
    return hasLink
      ? withStage(
          `Controller could not create received link: links.skupper.io "${name}" already exists`,
          'Link',
          'delete it or choose another name for the token',
        )
      : undefined;
  }

  /** @returns undefined when it failed; then `progress` says whether and when to ask again */
  async #receive(
    token: AccessToken,
    active: Site,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<ReceivedAccess | undefined> {
    progress.credentials ??= await credentialsFor(this.#deps.client, token);
    const { url = '', code = '', ca = '' } = token.spec ?? {};
    const result = await redeemToken(
      { send: this.#send, clock: this.#deps.clock },
      {
        url,
        code,
        caPem: ca,
        name: token.metadata.name,
        subject: active.metadata.uid ?? '',
        redemptionId: progress.uid,
        credentials: progress.credentials,
      },
      signal,
    );
    if (result.kind === 'access') return result.access;
    await this.#fail(token, result.message);
    this.#deps.log.warn('token was not redeemed', {
      resource: keyText(keyOf(token)),
      error: result.message,
      detail: result.detail,
    });
    if (result.retry === 'never') {
      progress.refused = true;
      await forgetCredentials(this.#deps.client, token);
    } else this.#postpone(progress, result.retry);
    return undefined;
  }

  #postpone(progress: Progress, retry: Exclude<Retry, 'never'>): void {
    const pauseMs =
      retry === 'backoff'
        ? backoffMs(backoff, progress.failures, randomFraction(this.#deps.random))
        : retry.afterMs;
    progress.failures++;
    progress.notBeforeMs = this.#deps.clock.monotonicMs() + pauseMs;
  }

  async #finish(token: AccessToken, active: Site, links: readonly ReceivedLink[]): Promise<void> {
    for (const received of links) {
      try {
        await this.#deps.client.create(link, linkFor(token, active, received));
      } catch (thrown) {
        // Ours from an earlier, interrupted run: names were free when the token was redeemed.
        if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS'))
          await this.#failToStore(token, 'link', thrown);
      }
    }
    // Before the last word: once the token is redeemed nobody looks at it again.
    await forgetCredentials(this.#deps.client, token);
    await this.#write(token, asRedeemed);
    this.#progress.delete(keyText(keyOf(token)));
    this.#deps.events?.record(token, {
      type: 'Normal',
      reason: 'Redeemed',
      message: 'Access was granted and stored',
    });
  }

  async #failToStore(token: AccessToken, what: 'secret' | 'link', thrown: unknown): Promise<never> {
    if (!(thrown instanceof KubeClientError)) throw thrown;
    const message = `Controller could not create received ${what}: ${thrown.message}`;
    await this.#fail(token, message);
    throw new GrantsError('GRANTS_REDEMPTION_FAILED', message, { retry: 'backoff', cause: thrown });
  }

  async #fail(token: AccessToken, message: string): Promise<void> {
    await this.#write(token, (copy, nowMs) => asFailed(copy, message, nowMs));
    this.#deps.events?.record(token, { type: 'Warning', reason: 'RedemptionFailed', message });
  }

  async #write(
    token: AccessToken,
    change: (copy: AccessToken, nowMs: number) => AccessToken,
  ): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    await updateStatus(this.#deps.client, accessToken, token, (copy) => change(copy, nowMs));
  }
}
