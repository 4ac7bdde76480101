/**
 * Answers redemptions. The answer is built first and counted after, and only then given: a fault on
 * the way uses nothing up, and nobody gets what was not counted.
 *
 *   limits -> find -> time, uses -> code -> names -> [told before?] -> documents -> record -> count
 *   -> answer
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Counter, MetricsRegistry } from '#base/metrics.ts';
import type { EventRecorder, Lister } from '#kubeclient/index.ts';
import type { ObjectKey } from '#kube/index.ts';
import {
  type CertificateSummary,
  issueCertificate,
  issueForRequest,
  parseSigningRequest,
  PkiError,
  privateKeyPem,
} from '#pki/index.ts';
import { AnswerMemory, answerKey } from './answer-memory.ts';
import { AttemptLimit } from '#base/attempt-limit.ts';
import { earlierRedemption, type Redemption, useOf } from '../grant-use.ts';
import type { GrantDirectory } from './grant-directory.ts';
import type { Issue, IssueRecorder } from './issue-record.ts';
import type { AccessGrant, Secret, Site } from '../kinds.ts';
import { linkDocuments } from './link-documents.ts';
import { isCode, type Joiner, readJoiner, refusalOfGrant } from './redemption.ts';
import type { Counted, RedemptionCounter } from './redemption-counter.ts';
import type { RefusalRecorder } from './refusal-record.ts';
import { noSite, type Refusal, refusals, tooManyAttempts } from './refusal.ts';
import { type Signer, SigningAuthorities } from './signing-authority.ts';
import { certificateLifeMs, faultOfLife } from '../certificate-life.ts';
import { activeSite, endpointGroups, issuerOf } from '../site-access.ts';
import { bundleForJoiners, faultOfTrust, siteServerName } from '../site-trust.ts';

export interface RedeemerDeps {
  readonly grants: Pick<GrantDirectory, 'find'>;
  readonly sites: Pick<Lister<Site>, 'list'>;
  readonly secrets: Pick<Lister<Secret>, 'get'>;
  readonly counter: Pick<RedemptionCounter, 'count' | 'newest'>;
  readonly records: Pick<IssueRecorder, 'certificateOf' | 'isValid' | 'record' | 'takeBack'>;
  readonly refusals: Pick<RefusalRecorder, 'record' | 'waitMs'>;
  readonly events?: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface RedeemerOptions {
  /** Life of the certificates handed out, in milliseconds; default five years. */
  readonly certificateLifetimeMs?: number;
  /** Failed attempts from one address in a row; default 100, one forgiven each 200 ms. */
  readonly failuresPerPlaceMax?: number;
  /** Wrong codes for one grant in a row; default 20, one forgiven each 6 s. */
  readonly failuresPerGrantMax?: number;
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
}

/** The YAML documents, or why there are none. */
export type RedemptionAnswer = { readonly documents: string } | { readonly refusal: Refusal };

/** An answer that was given, and what it handed out. */
interface Told {
  readonly documents: string;
  readonly record: ObjectKey;
}

type Admission = Told | { readonly refusal: Refusal };

/** An answer that could be given. */
interface Built {
  readonly documents: string;
  readonly issue: Omit<Issue, 'client'>;
}

/** What a joiner needs to come in. */
interface WayIn {
  readonly site: Site;
  /** Secret of the CA. */
  readonly issuer: string;
  readonly signer: Signer;
  readonly groups: ReturnType<typeof endpointGroups>;
  /** What the joiner should trust. */
  readonly bundlePem: string;
}

/** What the certificate should be. */
interface Wanted {
  readonly signingRequest: string | undefined;
  /** Undefined: the default of pki. */
  readonly lifetimeMs: number | undefined;
}

const placeLimit = { burst: 100, leakMs: 200, keysMax: 4096 };
export const grantLimit = { burst: 20, leakMs: 6000, keysMax: 4096 };
const memory = { keepMs: 5 * 60_000, answersMax: 512 };

export class Redeemer {
  readonly #deps: RedeemerDeps;
  readonly #options: RedeemerOptions;
  readonly #places: AttemptLimit;
  readonly #codes: AttemptLimit;
  readonly #told = new AnswerMemory<Told>(memory);
  readonly #signers = new SigningAuthorities();
  readonly #answers: Counter;

  constructor(deps: RedeemerDeps, options: RedeemerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#places = new AttemptLimit({
      ...placeLimit,
      burst: options.failuresPerPlaceMax ?? placeLimit.burst,
    });
    this.#codes = new AttemptLimit({
      ...grantLimit,
      burst: options.failuresPerGrantMax ?? grantLimit.burst,
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
    const waitMs = Math.max(
      this.#codes.waitMs(request.key, nowMs),
      this.#deps.refusals.waitMs(grant, nowMs),
    );
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
      this.#codes.onAttempt(request.key, nowMs);
      await this.#deps.refusals.record(grant, request.place);
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
    const built = await this.#build(grant, joiner, request.signingRequest);
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
      if (recorded.isNew && isNobodys(record.name, counted, requestId)) {
        await records.takeBack(record);
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
      const way = this.#wayInto(grant, joiner);
      if ('refusal' in way) return way;
      const { bundlePem: caPem, groups } = way;
      return {
        documents: linkDocuments({ name: joiner.name, caPem, groups, certificatePem }),
        record,
      };
    } catch (thrown) {
      this.#deps.log.warn('a record cannot be read', { error: messageOf(thrown) });
      return { refusal: refusals.notCounted };
    }
  }

  /** Where a joiner comes in, and who vouches for it; or why nobody does. */
  #wayInto(grant: AccessGrant, joiner: Joiner): WayIn | { readonly refusal: Refusal } {
    const namespace = grant.metadata.namespace ?? '';
    const site = activeSite(this.#deps.sites.list(namespace));
    if (site === undefined) return { refusal: noSite(namespace) };
    if (site.spec?.edge === true) return { refusal: refusals.edgeSite };
    if (joiner.subject === site.metadata.uid) return { refusal: refusals.ownSite };
    const issuer = issuerOf(grant.spec?.issuer, site);
    const secret = this.#deps.secrets.get({ namespace, name: issuer });
    const signer = secret === undefined ? undefined : this.#signers.of(secret);
    if (signer === undefined) return { refusal: refusals.noIssuer };
    const server = this.#deps.secrets.get({ namespace, name: siteServerName });
    const fault = faultOfTrust(server, secret, issuer);
    if (fault !== undefined) return { refusal: { status: 500, text: fault } };
    const groups = endpointGroups(site);
    if (groups.length === 0) return { refusal: refusals.noEndpoints };
    return {
      site,
      issuer,
      signer,
      groups,
      bundlePem: bundleForJoiners(server, signer.bundlePem, this.#deps.clock.nowMs()),
    };
  }

  async #build(
    grant: AccessGrant,
    joiner: Joiner,
    signingRequest: string | undefined,
  ): Promise<Built | { readonly refusal: Refusal }> {
    const way = this.#wayInto(grant, joiner);
    if ('refusal' in way) return way;
    const { bundlePem: caPem, groups, issuer, signer, site } = way;
    if (faultOfLife(grant) !== undefined) return { refusal: refusals.corrupted };
    const lifetimeMs = certificateLifeMs(grant) ?? this.#options.certificateLifetimeMs;
    const pair = await this.#sign(signer, joiner, { signingRequest, lifetimeMs });
    if (pair === undefined) return { refusal: refusals.badRequest };
    const { certificate, keyPem } = pair;
    return {
      documents: linkDocuments({
        name: joiner.name,
        caPem,
        groups,
        certificatePem: certificate.pem,
        ...(keyPem === undefined ? {} : { keyPem }),
      }),
      issue: {
        grant,
        site,
        joiner,
        issuer,
        certificate,
        isSigned: signingRequest !== undefined,
        nowMs: this.#deps.clock.nowMs(),
      },
    };
  }

  /** @returns undefined when the joiner's signing request cannot be used */
  async #sign(
    { authority }: Signer,
    joiner: Joiner,
    { signingRequest, lifetimeMs }: Wanted,
  ): Promise<{ certificate: CertificateSummary; keyPem?: string } | undefined> {
    const leaf = {
      commonName: joiner.subject,
      // A joiner only dials: with this certificate nobody can pose as one of our routers.
      server: false,
      client: true,
      nowMs: this.#deps.clock.nowMs(),
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    };
    if (signingRequest === undefined) {
      const { certificate, keys } = await issueCertificate(authority, leaf);
      return { certificate, keyPem: privateKeyPem(keys.privateKey) };
    }
    try {
      const request = await parseSigningRequest(signingRequest);
      return { certificate: issueForRequest(authority, request, leaf) };
    } catch (thrown) {
      if (thrown instanceof PkiError) return undefined;
      throw thrown;
    }
  }
}

function answerIdOf(request: RedemptionRequest, joiner: Joiner | Refusal): string | undefined {
  const { redemptionId, key, signingRequest = '' } = request;
  if (redemptionId === undefined || 'status' in joiner) return undefined;
  return answerKey(key, redemptionId, joiner.name, joiner.subject, signingRequest);
}

/**
 * True when a record is surely of a certificate that nobody was given. The same request at another
 * replica shares the record; where the count is not known it stays for the next try.
 */
function isNobodys(
  name: string,
  counted: Exclude<Counted, { kind: 'counted' }>,
  requestId: string | undefined,
): boolean {
  if (counted.kind === 'repeated') return counted.earlier.issuedLink !== name;
  return requestId === undefined || counted.refusal !== refusals.notCounted;
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
