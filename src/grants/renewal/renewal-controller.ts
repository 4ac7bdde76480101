/**
 * Renews the certificates of links at two thirds of their life, in band: the request goes over the
 * very link to the site that issued the certificate. The Secret then gets certificate, key and
 * bundle in one write; routers use them for new connections, and those that exist go on.
 * @see docs/adr/0040-link-certificates-renew-over-the-link.md
 */
import { backoffMs } from '#base/backoff.ts';
import type { Running } from '#base/lifecycle.ts';
import { randomFraction } from '#base/random.ts';
import { rotationOf } from '#apis/index.ts';
import { isTerminating, keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import { createOrUpdate, feed } from '#kubeclient/index.ts';
import {
  type CertificateSummary,
  createKeyPair,
  createSigningRequest,
  joinBundle,
  keyMatchesCertificate,
  type KeyPair,
  parseCertificate,
  parsePrivateKey,
  PkiError,
  privateKeyPem,
  renewAtMs,
} from '#pki/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import { issuedLink, type Link, link, type Secret, secret, site } from '../kinds.ts';
import { textOf } from '../secret-text.ts';
import { isOfToken } from '../token/token-objects.ts';
import { type Envelope, isSealedByAuthority } from './envelope.ts';
import { digestOfRequest, type RenewalAnswer, sealRequest } from './letters.ts';
import { LetterBox } from './letter-box.ts';
import { RenewalAnswerer } from './renewal-answerer.ts';
import type { LinkRenewalDeps } from './renewal-deps.ts';
import { isOfFormerAuthority, TrustReceiver } from './trust-receiver.ts';
import { TrustSender } from './trust-sender.ts';

/** Pauses between requests without an answer; the last third of a life is long. */
const backoff = { firstMs: 2_000, maxMs: 3_600_000, factor: 2, jitter: 0.5 };

/** Starts both ends: asking for our links, and answering for those who link to us. */
export function startLinkRenewal(deps: LinkRenewalDeps): Running {
  const { informers, post } = deps;
  const log = deps.log.child({ component: 'link-renewal' });
  const links = informers.of(link);
  const renewal = new LinkRenewal({ ...deps, log });
  const answerer = new RenewalAnswerer({
    ...deps,
    log,
    sites: informers.of(site),
    secrets: informers.of(secret),
    issued: informers.of(issuedLink),
  });
  const loop = new ReconcileLoop<ObjectKey>(renewal, deps, { name: 'link-renewal', idOf: keyText });
  const sender = new TrustSender({ ...deps, log });
  const receiver = new TrustReceiver({ ...deps, log });
  const trust = new ReconcileLoop<ObjectKey>(sender, deps, { name: 'ca-trust', idOf: keyText });
  const letters = new LetterBox(log, { renewal, answerer, sender, receiver });
  const issued = informers.of(issuedLink);
  const leave = [
    feed(links, loop, (object) => credentialsKeys(object)),
    feed(informers.of(secret), loop, (object) => [keyOf(object)]),
    feed(issued, trust, (object) => [keyOf(object)]),
    feed(informers.of(secret), trust, (object) =>
      rotationOf(object) === undefined
        ? []
        : issued
            .list(object.metadata.namespace)
            .filter(({ spec }) => spec?.issuer === object.metadata.name)
            .map(keyOf),
    ),
    post.onText((namespace, text) => letters.onText(namespace, text)),
  ];
  let stopped = false;
  void Promise.all([
    links.synced,
    informers.of(secret).synced,
    informers.of(site).synced,
    informers.of(issuedLink).synced,
  ]).then(() => {
    if (stopped) return;
    loop.start();
    trust.start();
  });
  return {
    stop: async (stopOptions) => {
      stopped = true;
      for (const end of leave) end();
      await Promise.all([loop.stop(stopOptions), trust.stop(stopOptions)]);
      await letters.drain();
    },
  };
}

function credentialsKeys({ metadata, spec }: Link): ObjectKey[] {
  const { namespace = '' } = metadata;
  const name = spec?.tlsCredentials ?? '';
  return name === '' ? [] : [{ namespace, name }];
}

/** A request under way for one Secret. */
interface Pending {
  readonly serial: string;
  readonly keys: KeyPair;
  readonly signingRequest: string;
  failures: number;
  /** On the monotonic clock. */
  notBeforeMs: number;
  refused: string | undefined;
}

class LinkRenewal implements Reconciler<ObjectKey> {
  readonly #deps: LinkRenewalDeps;
  /** By Secret; one entry per certificate that is due. */
  readonly #pending = new Map<string, Pending>();

  constructor(deps: LinkRenewalDeps) {
    this.#deps = deps;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const held = this.#heldOf(key);
    if (held === undefined) {
      this.#pending.delete(keyText(key));
      return {};
    }
    const { clock } = this.#deps;
    const isOutdated = isOfFormerAuthority(held.object);
    const dueMs = isOutdated ? 0 : renewAtMs(held.certificate) - clock.nowMs();
    if (dueMs > 0) {
      this.#pending.delete(keyText(key));
      return { requeueAfterMs: Math.max(1000, dueMs) };
    }
    const pending = await this.#pendingOf(key, held.certificate);
    if (pending.refused !== undefined) return {};
    if (clock.monotonicMs() >= pending.notBeforeMs) this.#ask(key, held, pending);
    return { requeueAfterMs: Math.max(1, pending.notBeforeMs - clock.monotonicMs()) };
  }

  /** The certificate in a Secret that a token was redeemed for and that a Link uses. */
  #heldOf(key: ObjectKey): Held | undefined {
    const { informers } = this.#deps;
    const object = informers.of(secret).get(key);
    if (object === undefined || isTerminating(object) || !isOfToken(object)) return undefined;
    const user = informers
      .of(link)
      .list(key.namespace)
      .find(({ spec }) => spec?.tlsCredentials === key.name);
    const issuerId = user?.status?.remoteSiteId;
    if (user === undefined) return undefined;
    try {
      const certificate = parseCertificate(textOf(object, 'tls.crt'));
      const keys = parsePrivateKey(textOf(object, 'tls.key'));
      return { object, user, issuerId, certificate, keys };
    } catch (thrown) {
      if (thrown instanceof PkiError) return undefined;
      throw thrown;
    }
  }

  async #pendingOf(key: ObjectKey, { serialNumber }: CertificateSummary): Promise<Pending> {
    const known = this.#pending.get(keyText(key));
    if (known?.serial === serialNumber) return known;
    const keys = await createKeyPair();
    const fresh: Pending = {
      serial: serialNumber,
      keys,
      signingRequest: await createSigningRequest(keys, { commonName: 'joiner' }),
      failures: 0,
      notBeforeMs: 0,
      refused: undefined,
    };
    this.#pending.set(keyText(key), fresh);
    return fresh;
  }

  #ask(key: ObjectKey, held: Held, pending: Pending): void {
    const { clock, log, post, random } = this.#deps;
    const fraction = randomFraction(random);
    pending.notBeforeMs = clock.monotonicMs() + backoffMs(backoff, pending.failures, fraction);
    // Until the link is up we do not know whom to ask, and could not reach them.
    if (held.issuerId === undefined) return;
    pending.failures++;
    const request = {
      issuerId: held.issuerId,
      certificatePem: held.certificate.pem,
      signingRequest: pending.signingRequest,
    };
    const text = sealRequest(request, held.keys.privateKey);
    const sent = post.send(key.namespace, held.issuerId, text);
    log.debug('asked for a new certificate', { resource: keyText(key), sent });
  }

  /** Takes an answer over when it is for a request of ours and from the authority we trust. */
  async onAnswer(namespace: string, answer: RenewalAnswer, envelope: Envelope): Promise<void> {
    for (const [id, pending] of this.#pending) {
      const key = keyOfText(id);
      if (key.namespace !== namespace) continue;
      if (digestOfRequest(pending.signingRequest) !== answer.requestDigest) continue;
      const held = this.#heldOf(key);
      if (held === undefined || held.certificate.serialNumber !== pending.serial) return;
      const bundle = textOf(held.object, 'ca.crt');
      if (!isSealedByAuthority(envelope, bundle, this.#deps.clock.nowMs())) {
        this.#deps.log.warn('an answer to a renewal is not from the authority', { resource: id });
        return;
      }
      await this.#take(key, held, pending, answer.result);
      return;
    }
  }

  async #take(
    key: ObjectKey,
    held: Held,
    pending: Pending,
    result: RenewalAnswer['result'],
  ): Promise<void> {
    const { events, log } = this.#deps;
    if (result.kind === 'refused') {
      if (pending.refused !== undefined) return;
      pending.refused = result.reason;
      const message = `The certificate in Secret "${key.name}" is not renewed: ${result.reason}`;
      events?.record(held.user, { type: 'Warning', reason: 'CertificateNotRenewed', message });
      log.warn('certificate is not renewed', { resource: keyText(key), reason: result.reason });
      return;
    }
    const texts = textsOf(result, pending.keys);
    if (texts === undefined) {
      log.warn('a renewed certificate cannot be used', { resource: keyText(key) });
      return;
    }
    const written = await createOrUpdate(this.#deps.client, secret, key, (existing) => {
      // Somebody replaced it meanwhile: theirs counts.
      const isSame =
        existing !== undefined &&
        textOf(existing, 'tls.crt') === textOf(held.object, 'tls.crt') &&
        isOfToken(existing);
      return isSame ? { ...existing, data: { ...existing.data, ...texts } } : undefined;
    });
    if (written === undefined) return;
    this.#pending.delete(keyText(key));
    const { notAfterMs } = parseCertificate(result.certificatePem);
    const end = new Date(notAfterMs).toISOString().replace('.000Z', 'Z');
    const message = `The certificate in Secret "${key.name}" was renewed over the link and ends on ${end}`;
    events?.record(held.user, { type: 'Normal', reason: 'CertificateRenewed', message });
    log.info('certificate renewed over the link', { resource: keyText(key), expiration: end });
  }
}

interface Held {
  readonly object: Secret;
  readonly user: Link;
  /** The site at the other end, which issued it; undefined until the link was up. */
  readonly issuerId: string | undefined;
  readonly certificate: CertificateSummary;
  readonly keys: KeyPair;
}

/** The data of the Secret; undefined when the answer does not fit our key. */
function textsOf(
  result: Extract<RenewalAnswer['result'], { kind: 'renewed' }>,
  keys: KeyPair,
): Record<'ca.crt' | 'tls.crt' | 'tls.key', string> | undefined {
  const keyPem = privateKeyPem(keys.privateKey);
  try {
    if (!keyMatchesCertificate(keyPem, result.certificatePem)) return undefined;
    return {
      'ca.crt': encode(joinBundle([result.bundlePem])),
      'tls.crt': encode(result.certificatePem),
      'tls.key': encode(keyPem),
    };
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** The other way of keyText. */
function keyOfText(id: string): ObjectKey {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}
