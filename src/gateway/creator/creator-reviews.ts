/**
 * Whether somebody may create a grant, write its status, or say what he decides about it: the rules of the embedded API server,
 * with the API server of the cluster asked for what the creator holds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayToken, gatewayTextMax, gatewayToken, gatewayVerdict } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { keyOf } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import {
  anonymousName,
  type Attributes,
  lackingText,
  openedRights,
  statusRefusal,
  tooMuchText,
  type User,
} from '#rbac/index.ts';
import { loginLabel } from '../login/login-label.ts';
import { isNewGrant } from '../grant/grant-facts.ts';
import { inWords } from '../issue/caller.ts';
import { approving, escalation, lackingOf, mayDo } from '../issue/reviews.ts';
import {
  type AdmissionRequest,
  forbidden,
  type GrantQuestion,
  type Verdict,
  type VerdictQuestion,
} from './admission-review.ts';
import type { Creators } from './creators.ts';

export interface CreatorReviewsDeps {
  /** Asks about rights, and whether the object is there already. */
  readonly client: Pick<KubeClient, 'raw' | 'find'>;
  readonly creators: Creators;
  readonly clock: Clock;
  readonly log: Logger;
}

/** For all questions about one write; below the timeout of the webhook. Milliseconds. */
const decideMsMax = 8000;

/** Longest wait for the seal of another replica, and between two looks; milliseconds. */
const sealMsMax = 3000;
const sealLookMs = 100;

const allowed: Verdict = { allowed: true };

export class CreatorReviews {
  readonly #deps: CreatorReviewsDeps;

  constructor(deps: CreatorReviewsDeps) {
    this.#deps = deps;
  }

  /** Never throws: what cannot be decided is refused. */
  async decide(request: AdmissionRequest): Promise<Verdict> {
    const { operation, subresource } = request;
    try {
      if (request.resource === 'gatewayverdicts') {
        const isNew = operation === 'CREATE' && subresource === '';
        return isNew ? await this.#verdict(request) : allowed;
      }
      if (operation === 'CREATE' && subresource === '') return await this.#create(request);
      if (operation === 'UPDATE' && subresource === 'status') return await this.#status(request);
      // The kind itself keeps everything else as it is, and ending a grant is nobody's privilege.
      return allowed;
    } catch (thrown) {
      this.#deps.log.warn('the API server does not say what the creator of a grant may do', {
        error: messageOf(thrown),
      });
      const message = 'what you may do cannot be looked up now: try again';
      return { allowed: false, status: { code: 503, reason: 'ServiceUnavailable', message } };
    }
  }

  async #create({ user, namespace, object, dryRun }: GrantQuestion): Promise<Verdict> {
    if (user.name.length > gatewayTextMax) {
      return forbidden(`user names have at most ${gatewayTextMax} characters`);
    }
    const refusal = await this.#openingRefusal(user, namespace, object);
    if (refusal !== undefined) return forbidden(refusal);
    // The gateway seals its own with the login in it; whoever else uses the label gets no seal.
    if (dryRun || object.metadata.labels?.[loginLabel] !== undefined) return allowed;
    // Before it is stored nobody but the API server knows the uid: who knows it afterwards and asks
    // in its place is found out here.
    const found = await this.#deps.client.find(gatewayToken, keyOf(object));
    if (found !== undefined && found.metadata.uid === object.metadata.uid) {
      return forbidden('this grant is there already');
    }
    this.#deps.creators.onAdmitted(object, user.name);
    return allowed;
  }

  /** Who may approve the token may say so; whether it still waits for him is seen when it counts. */
  async #verdict({ user, namespace, object, dryRun }: VerdictQuestion): Promise<Verdict> {
    if (user.name.length > gatewayTextMax || user.name === anonymousName) {
      return forbidden('a user of this name cannot approve');
    }
    const key = { namespace, name: object.spec.token };
    if (!(await this.#asking(user)(approving(key)))) {
      return forbidden(`you may not yourself ${inWords(approving(key))}`);
    }
    if (dryRun) return allowed;
    // As with grants: nobody but the API server knows the uid now.
    const found = await this.#deps.client.find(gatewayVerdict, keyOf(object));
    if (found !== undefined && found.metadata.uid === object.metadata.uid) {
      return forbidden('this verdict is there already');
    }
    this.#deps.creators.approvers.onAdmitted(object, user);
    return allowed;
  }

  async #openingRefusal(
    user: User,
    namespace: string,
    { spec }: GatewayToken,
  ): Promise<string | undefined> {
    const ask = this.#asking(user);
    if (await ask(escalation(namespace))) return undefined;
    const rights = openedRights(spec);
    if (rights === undefined) return tooMuchText;
    const lacking = await lackingOf(rights, ask);
    return lacking.length === 0 ? undefined : lackingText(user, lacking);
  }

  async #status({ user, namespace, object, old }: GrantQuestion): Promise<Verdict> {
    const before = old?.status ?? {};
    const issuer = old === undefined ? undefined : await this.#issuerOf(old);
    const refusal = statusRefusal({ user, issuer, before, after: object.status ?? {} });
    if (refusal === undefined || (await this.#asking(user)(escalation(namespace)))) return allowed;
    return forbidden(refusal);
  }

  /** Who makes a grant and gives it a code at once may be faster than the replica that seals it. */
  async #issuerOf(grant: GatewayToken): Promise<string | undefined> {
    const { creators, client, clock } = this.#deps;
    const untilMs = clock.monotonicMs() + sealMsMax;
    let latest: GatewayToken | undefined = creators.withCreator(grant);
    while (latest !== undefined && latest.metadata.uid === grant.metadata.uid) {
      if (creators.isProven(latest)) return latest.status?.issuedBy;
      if (!isNewGrant(latest, clock.nowMs()) || clock.monotonicMs() > untilMs) return undefined;
      await delay(sealLookMs);
      latest = await client.find(gatewayToken, keyOf(grant));
    }
    return undefined;
  }

  #asking(user: User): (attributes: Attributes) => Promise<boolean> {
    const signal = AbortSignal.timeout(decideMsMax);
    return (attributes) => mayDo(this.#deps.client, attributes, user, signal);
  }
}
