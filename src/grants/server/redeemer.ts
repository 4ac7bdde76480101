/**
 * Answers redemptions. The answer is built first and counted after, and only then given: a fault on
 * the way uses nothing up, and nobody gets what was not counted.
 *
 *   limits -> find -> time, uses -> code -> names -> [told before?] -> documents -> record -> count
 *   -> answer
 */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Counter, MetricsRegistry } from '#base/metrics.ts';
import type { EventRecorder } from '#kubeclient/index.ts';
import type { ObjectKey } from '#kube/index.ts';
import {
  AccessBuilder,
  type AccessBuilderDeps,
  type AccessBuilderOptions,
} from './access-builder.ts';
import { AnswerMemory, answerKey } from './answer-memory.ts';
import { AttemptLimit } from '#base/attempt-limit.ts';
import { earlierRedemption, type Redemption, useOf } from '../grant-use.ts';
import type { GrantDirectory } from './grant-directory.ts';
import type { IssueRecorder } from './issue-record.ts';
import type { AccessGrant } from '../kinds.ts';
import type { AnswerForm } from './link-documents.ts';
import { isCode, type Joiner, readJoiner, refusalOfGrant } from './redemption.ts';
import type { RedemptionCounter } from './redemption-counter.ts';
import type { RefusalRecorder } from './guessing/refusal-recorder.ts';
import { type Refusal, refusals, tooManyAttempts } from './refusal.ts';

export interface RedeemerDeps extends AccessBuilderDeps {
  readonly grants: Pick<GrantDirectory, 'find'>;
  readonly counter: Pick<RedemptionCounter, 'count' | 'newest'>;
  readonly records: Pick<IssueRecorder, 'certificateOf' | 'isValid' | 'record' | 'takeBack'>;
  readonly refusals: Pick<RefusalRecorder, 'onWrongCode' | 'waitMs'>;
  readonly events?: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface RedeemerOptions extends AccessBuilderOptions {
  /** Requests in vain from one address in a row; default 100, one forgiven each 200 ms. */
  readonly failuresPerPlaceMax?: number;
}

/** One request to redeem, free of HTTP. */
export interface RedemptionRequest {
  /** The uid of the grant, from the path. */
  readonly key: string;
  readonly body: Uint8Array;
  /** What attempts are counted under. */
  readonly place: string;
  readonly name?: string;
  readonly subject?: string;
  /** Makes repeating safe: the same id gets the same answer, counted once. */
  readonly redemptionId?: string;
  /** PEM request: the joiner keeps its private key. */
  readonly signingRequest?: string;
  /** How the answer is to be written. */
  readonly form: AnswerForm;
}

/** The YAML documents, or why there are none. */
export type RedemptionAnswer = { readonly documents: string } | { readonly refusal: Refusal };

/** An answer that was given, and what it handed out. */
interface Told {
  readonly documents: string;
  readonly record: ObjectKey;
}

type Admission = Told | { readonly refusal: Refusal };

const placeLimit = { burst: 100, leakMs: 200, keysMax: 4096 };
const memory = { keepMs: 5 * 60_000, answersMax: 512 };

export class Redeemer {
  readonly #deps: RedeemerDeps;
  readonly #access: AccessBuilder;
  readonly #places: AttemptLimit;
  readonly #told = new AnswerMemory<Told>(memory);
  readonly #answers: Counter;

  constructor(deps: RedeemerDeps, options: RedeemerOptions = {}) {
    this.#deps = deps;
    this.#access = new AccessBuilder(deps, options);
    this.#places = new AttemptLimit({
      ...placeLimit,
      burst: options.failuresPerPlaceMax ?? placeLimit.burst,
    });
    this.#answers = deps.metrics.counter(
      'drawbridge_redemptions_total',
      'Answers to redemptions by status',
      ['status'],
    );
  }

  /** Why this place has to wait, before anything of its request is read. */
  limitOf(place: string): Refusal | undefined {
    const waitMs = this.#places.waitMs(place, this.#deps.clock.nowMs());
    return waitMs > 0 ? tooManyAttempts(waitMs) : undefined;
  }

  /** Answers one request. @throws only for our own bugs */
  async redeem(request: RedemptionRequest): Promise<RedemptionAnswer> {
    const answer = await this.#answer(request);
    const refusal = 'refusal' in answer ? answer.refusal : undefined;
    this.#answers.add(1, { status: String(refusal?.status ?? 200) });
    if (refusal?.isFailedAttempt === true)
      this.#places.onAttempt(request.place, this.#deps.clock.nowMs());
    return answer;
  }

  async #answer(request: RedemptionRequest): Promise<RedemptionAnswer> {
    const nowMs = this.#deps.clock.nowMs();
    const cached = this.#deps.grants.find(request.key);
    if (cached === undefined) return { refusal: refusals.unknown };
    const grant = this.#deps.counter.newest(cached);
    const waitMs = this.#deps.refusals.waitMs(grant, request.place, nowMs);
    if (waitMs > 0) return { refusal: tooManyAttempts(waitMs) };
    const isRight = isCode(request.body, grant.status?.code);
    const joiner = readJoiner(request, grant.metadata.name);
    const id = answerIdOf(request, joiner);
    // Who was given the last redemption and lost the answer must not hear "used up".
    const earlier = isRight && id !== undefined ? this.#told.find(id, nowMs) : undefined;
    const told = earlier === undefined ? undefined : await earlier;
    if (told !== undefined) return await this.#tellAgain(told);
    // Another replica may have told, or this one before it was restarted.
    const known = isRight ? earlierRedemption(grant, requestOf(request, id)) : undefined;
    if (known !== undefined && !('status' in joiner)) {
      return asAnswer(await this.#tellFromRecord(grant, joiner, known));
    }
    const refusal = refusalOfGrant(grant, nowMs);
    if (refusal !== undefined) return { refusal };
    if (!isRight) {
      this.#deps.refusals.onWrongCode(grant, request.place);
      return { refusal: refusals.wrongCode };
    }
    if ('status' in joiner) return { refusal: joiner };
    const answer = this.#admit(grant, joiner, request, requestOf(request, id));
    if (id !== undefined) this.#told.keep(id, toldOf(answer), nowMs);
    return asAnswer(await answer);
  }

  /** The same answer, unless what it handed out was revoked meanwhile. */
  async #tellAgain({ documents, record }: Told): Promise<RedemptionAnswer> {
    try {
      const isValid = await this.#deps.records.isValid(record);
      return isValid ? { documents } : { refusal: refusals.revoked };
    } catch (thrown) {
      this.#deps.log.warn('a record cannot be read', { error: messageOf(thrown) });
      return { refusal: refusals.notCounted };
    }
  }

  /** Builds, records, counts, and only then answers. */
  async #admit(
    grant: AccessGrant,
    joiner: Joiner,
    request: RedemptionRequest,
    requestId: string | undefined,
  ): Promise<Admission> {
    const built = await this.#access.build(grant, joiner, request);
    if ('refusal' in built) return built;
    const { records, counter } = this.#deps;
    const recorded = await records.record({ ...built.issue, client: request.place, requestId });
    if (recorded === undefined) return { refusal: refusals.notCounted };
    const { key: record, serialNumber } = recorded;
    const counted = await counter.count(grant, {
      tokenName: joiner.name,
      siteId: joiner.subject,
      client: request.place,
      serialNumber,
      issuedLink: record.name,
      ...(requestId === undefined ? {} : { request: requestId }),
    });
    if (counted.kind !== 'counted') {
      const isUsed = counted.kind === 'repeated' && counted.earlier.issuedLink === record.name;
      if (!isUsed) {
        records.takeBack(recorded, requestId === undefined ? undefined : counter.newest(grant));
      }
      if (counted.kind === 'refused') return { refusal: counted.refusal };
      return await this.#tellFromRecord(grant, joiner, counted.earlier);
    }
    this.#announce(counted.grant, joiner, request.place);
    this.#deps.log.info('access granted', {
      resource: `${grant.metadata.namespace}/${grant.metadata.name}`,
      name: joiner.name,
      subject: joiner.subject,
      place: request.place,
      serial: serialNumber,
    });
    if (recorded.isNew) return { documents: built.documents, record };
    return await this.#tellFromRecord(grant, joiner, { issuedLink: record.name });
  }

  #announce(grant: AccessGrant, joiner: Joiner, place: string): void {
    const { events } = this.#deps;
    const { reason, message } = useOf(grant, this.#deps.clock.nowMs());
    events?.record(grant, {
      type: 'Normal',
      reason: 'Redeemed',
      message: `Redeemed as ${joiner.name} by site ${joiner.subject} from ${place}: ${message}`,
    });
    if (reason === 'UsedUp') events?.record(grant, { type: 'Normal', reason, message });
  }

  /** The answer to a request that was counted before, from what was recorded then. */
  async #tellFromRecord(
    grant: AccessGrant,
    joiner: Joiner,
    earlier: Pick<Redemption, 'issuedLink'>,
  ): Promise<Admission> {
    const namespace = grant.metadata.namespace ?? '';
    const record = { namespace, name: earlier.issuedLink };
    try {
      const certificatePem = await this.#deps.records.certificateOf(record);
      if (certificatePem === undefined) return { refusal: refusals.revoked };
      const again = this.#access.rebuild(grant, joiner, certificatePem);
      return 'refusal' in again ? again : { ...again, record };
    } catch (thrown) {
      this.#deps.log.warn('a record cannot be read', { error: messageOf(thrown) });
      return { refusal: refusals.notCounted };
    }
  }
}

function answerIdOf(request: RedemptionRequest, joiner: Joiner | Refusal): string | undefined {
  const { redemptionId, key, signingRequest = '' } = request;
  if (redemptionId === undefined || 'status' in joiner) return undefined;
  return answerKey(key, redemptionId, joiner.name, joiner.subject, signingRequest);
}

/** Only what was signed can be given again: keys that we made are not kept. */
function requestOf(request: RedemptionRequest, id: string | undefined): string | undefined {
  return request.signingRequest === undefined ? undefined : id;
}

function asAnswer(admission: Admission): RedemptionAnswer {
  return 'refusal' in admission ? admission : { documents: admission.documents };
}

async function toldOf(answer: Promise<Admission>): Promise<Told | undefined> {
  const made = await answer;
  return 'refusal' in made ? undefined : made;
}
