/**
 * Makes a rotating authority known: tells every site that was let in which certificates to trust,
 * again and again until it says that it does. What it says is kept on its IssuedLink, where the
 * rotation looks before it goes on.
 * @see docs/adr/0041-authorities-rotate-with-an-overlap.md
 */
import { AttemptLimit } from '#base/attempt-limit.ts';
import { backoffMs } from '#base/backoff.ts';
import { randomFraction } from '#base/random.ts';
import { lastStepMs, rotationOf } from '#apis/index.ts';
import { isTerminating, keyText, type ObjectKey } from '#kube/index.ts';
import { updateStatus } from '#kubeclient/index.ts';
import { parseCertificate, splitBundle } from '#pki/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type IssuedLink, issuedLink, secret, site } from '../kinds.ts';
import { SigningAuthorities } from '../server/signing-authority.ts';
import { activeSite } from '../site-access.ts';
import { bundleForJoiners, siteServerName } from '../site-trust.ts';
import { type Envelope, isSealedBy } from './envelope.ts';
import { isRecordOf } from './renewal-answerer.ts';
import type { LinkRenewalDeps } from './renewal-deps.ts';
import { sealTrustNotice, type TrustTaken } from './trust-letters.ts';

/** Pauses between notices that nobody answers. */
const backoff = { firstMs: 2_000, maxMs: 3_600_000, factor: 2, jitter: 0.5 };
/** Answers that one certificate may give in a row, and how often one more; milliseconds. */
const answerLimit = { burst: 10, leakMs: 10_000, keysMax: 4096 };

/** Telling one site of one step. */
interface Telling {
  readonly stepMs: number;
  readonly connected: boolean;
  failures: number;
  /** On the monotonic clock. */
  notBeforeMs: number;
}

export class TrustSender implements Reconciler<ObjectKey> {
  readonly #deps: LinkRenewalDeps;
  readonly #signers = new SigningAuthorities();
  readonly #answers = new AttemptLimit(answerLimit);
  /** One entry per site that does not say yet that it trusts. */
  readonly #tellings = new Map<string, Telling>();

  constructor(deps: LinkRenewalDeps) {
    this.#deps = deps;
  }

  reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { informers, clock } = this.#deps;
    const own = informers.of(issuedLink).get(key);
    const told = own === undefined ? undefined : this.#noticeFor(own);
    if (own === undefined || told === undefined || this.#isTaken(own, told.authorities)) {
      this.#tellings.delete(keyText(key));
      return Promise.resolve({});
    }
    const connected = own.status?.connected === true;
    const telling = this.#tellingOf(key, told.stepMs, connected);
    if (clock.monotonicMs() >= telling.notBeforeMs) this.#tell(own, told.text, telling);
    const waitMs = Math.max(1, telling.notBeforeMs - clock.monotonicMs());
    return Promise.resolve({ requeueAfterMs: waitMs });
  }

  /** A step or a connection that is new is worth a try at once. */
  #tellingOf(key: ObjectKey, stepMs: number, connected: boolean): Telling {
    const known = this.#tellings.get(keyText(key));
    if (known?.stepMs === stepMs && known.connected === connected) return known;
    const fresh: Telling = { stepMs, connected, failures: 0, notBeforeMs: 0 };
    this.#tellings.set(keyText(key), fresh);
    return fresh;
  }

  #tell(own: IssuedLink, text: string, telling: Telling): void {
    const { clock, random, post, log } = this.#deps;
    const pauseMs = backoffMs(backoff, telling.failures++, randomFraction(random));
    telling.notBeforeMs = clock.monotonicMs() + pauseMs;
    const { namespace = '', name } = own.metadata;
    const sent = post.send(namespace, own.spec?.siteId ?? '', text);
    log.debug('told a site which CA to trust', { resource: `${namespace}/${name}`, sent });
  }

  /** What the site should be told; undefined when its authority never rotated or it is cut. */
  #noticeFor(
    own: IssuedLink,
  ): { text: string; stepMs: number; authorities: readonly string[] } | undefined {
    const { informers, clock } = this.#deps;
    const { namespace = '' } = own.metadata;
    const { spec } = own;
    const nowMs = clock.nowMs();
    const isOver = spec?.revoked === true || isTerminating(own) || !(endOf(own) > nowMs);
    if (isOver || spec?.form !== 'csr' || spec.siteId === undefined) return undefined;
    const ca = informers.of(secret).get({ namespace, name: spec.issuer });
    const record = ca === undefined ? undefined : rotationOf(ca);
    const here = activeSite(informers.of(site).list(namespace));
    if (ca === undefined || record === undefined || here === undefined) return undefined;
    const signer = this.#signers.of(ca);
    if (signer === undefined) return undefined;
    const server = informers.of(secret).get({ namespace, name: siteServerName });
    const bundlePem = bundleForJoiners(server, signer.bundlePem, nowMs);
    const stepMs = lastStepMs(record);
    const notice = { issuerId: here.metadata.uid ?? '', stepMs, bundlePem };
    const text = sealTrustNotice(notice, signer.authority.keys.privateKey, signer.cross);
    const authorities = splitBundle(bundlePem).map((pem) => parseCertificate(pem).fingerprint);
    return { text, stepMs, authorities };
  }

  /** It says so itself, or the certificate that renewed it does. */
  #isTaken(own: IssuedLink, wanted: readonly string[]): boolean {
    const { spec } = own;
    return this.#deps.informers
      .of(issuedLink)
      .list(own.metadata.namespace)
      .filter(
        (each) =>
          each.metadata.name === own.metadata.name ||
          (each.spec?.replaces !== undefined &&
            each.spec.siteId === spec?.siteId &&
            each.spec?.tokenName === spec?.tokenName &&
            each.spec?.grantUid === spec?.grantUid &&
            startOf(each) >= startOf(own)),
      )
      .some(({ status }) => isSameList(status?.authorities ?? [], wanted));
  }

  /** Writes down what a site says. Never throws for what others wrote. */
  async onTaken(namespace: string, taken: TrustTaken, envelope: Envelope): Promise<void> {
    const { informers, client, clock } = this.#deps;
    const here = activeSite(informers.of(site).list(namespace));
    if (here === undefined || here.metadata.uid !== taken.issuerId) return;
    const own = informers
      .of(issuedLink)
      .list(namespace)
      .find((each) => isRecordOf(each, taken.certificatePem));
    if (own === undefined || !isSealedBy(envelope, taken.certificatePem)) return;
    const nowMs = clock.nowMs();
    if (this.#answers.waitMs(own.metadata.name, nowMs) > 0) return;
    this.#answers.onAttempt(own.metadata.name, nowMs);
    await updateStatus(client, issuedLink, own, (copy) => ({
      ...copy,
      status: { ...copy.status, authorities: [...taken.authorities] },
    }));
  }
}

function endOf({ spec }: IssuedLink): number {
  return Date.parse(spec?.notAfter ?? '');
}

function startOf({ spec }: IssuedLink): number {
  return Date.parse(spec?.issuedTime ?? '') || 0;
}

/** In the same order: the first one signs, and a site that knows it renews its certificate. */
function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
