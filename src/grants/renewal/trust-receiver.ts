/**
 * Follows an authority that rotates at the other end of a link: takes the certificates to trust
 * into the link's Secret, when the authority that is trusted already says so, and says it is done.
 * That the link's own certificate comes from an authority that no longer signs makes it due.
 */
import { messageOf } from '#base/errors.ts';
import { annotationOf, keyOf, keyText } from '#kube/index.ts';
import { createOrUpdate } from '#kubeclient/index.ts';
import {
  joinBundle,
  parseCertificate,
  parsePrivateKey,
  PkiError,
  splitBundle,
  verifyIssuedBy,
} from '#pki/index.ts';
import { type Link, link, type Secret, secret } from '../kinds.ts';
import { textOf } from '../secret-text.ts';
import { isOfToken } from '../token/token-objects.ts';
import { type Envelope, isSealedByAuthority } from './envelope.ts';
import type { LinkRenewalDeps } from './renewal-deps.ts';
import { authoritiesMax, sealTrustTaken, type TrustNotice } from './trust-letters.ts';

/** On Secrets of links: the step of the rotation that its `ca.crt` is from. */
const stepAnnotation = 'drawbridge.dev/trust-step';

/** True when the authority that signs now is another one than issued the link's certificate. */
export function isOfFormerAuthority(object: Secret): boolean {
  if (annotationOf(object, stepAnnotation) === undefined) return false;
  try {
    const [signing = ''] = splitBundle(textOf(object, 'ca.crt'));
    return !verifyIssuedBy(textOf(object, 'tls.crt'), signing);
  } catch (thrown) {
    if (thrown instanceof PkiError) return false;
    throw thrown;
  }
}

export class TrustReceiver {
  readonly #deps: LinkRenewalDeps;

  constructor(deps: LinkRenewalDeps) {
    this.#deps = deps;
  }

  /** Never throws for what others wrote; a fault of the API leaves the notice unanswered. */
  async onNotice(namespace: string, notice: TrustNotice, envelope: Envelope): Promise<void> {
    const fingerprints = readBundle(notice.bundlePem);
    if (fingerprints === undefined) return;
    const { informers, clock, log } = this.#deps;
    for (const user of informers.of(link).list(namespace)) {
      if (user.status?.remoteSiteId !== notice.issuerId) continue;
      const name = user.spec?.tlsCredentials ?? '';
      const held = informers.of(secret).get({ namespace, name });
      if (held === undefined || !isOfToken(held)) continue;
      const resource = keyText(keyOf(held));
      if (!isSealedByAuthority(envelope, textOf(held, 'ca.crt'), clock.nowMs())) {
        log.warn('a change of trust is not from the authority', { resource });
        continue;
      }
      try {
        const taken = await this.#take(user, held, notice);
        if (taken !== undefined) this.#answer(namespace, taken, notice.issuerId, fingerprints);
      } catch (thrown) {
        log.warn('a change of trust was not taken over', { resource, error: messageOf(thrown) });
      }
    }
  }

  /** @returns the Secret as it is now; undefined when a later step is there already */
  async #take(user: Link, held: Secret, notice: TrustNotice): Promise<Secret | undefined> {
    const { client, events, log } = this.#deps;
    const bundle = joinBundle([notice.bundlePem]);
    const written = await createOrUpdate(client, secret, keyOf(held), (existing) => {
      if (existing === undefined || !isOfToken(existing)) return undefined;
      if (stepOf(existing) > notice.stepMs) return undefined;
      // Replaced meanwhile: who sealed the notice may not be who is trusted now.
      if (stepOf(existing) !== stepOf(held)) return undefined;
      const annotations = {
        ...existing.metadata.annotations,
        [stepAnnotation]: String(notice.stepMs),
      };
      return {
        ...existing,
        metadata: { ...existing.metadata, annotations },
        data: { ...existing.data, 'ca.crt': Buffer.from(bundle).toString('base64') },
      };
    });
    if (written?.outcome === 'updated') {
      const message = `The CA of site "${user.status?.remoteSiteName ?? ''}" rotates: Secret "${held.metadata.name}" trusts ${splitBundle(bundle).length} certificates of it`;
      events?.record(user, { type: 'Normal', reason: 'TrustChanged', message });
      log.info('trust changed over the link', { resource: keyText(keyOf(held)) });
    }
    return written?.object;
  }

  #answer(namespace: string, held: Secret, issuerId: string, authorities: readonly string[]): void {
    const certificatePem = parseCertificate(textOf(held, 'tls.crt')).pem;
    const { privateKey } = parsePrivateKey(textOf(held, 'tls.key'));
    const taken = { issuerId, certificatePem, authorities };
    this.#deps.post.send(namespace, issuerId, sealTrustTaken(taken, privateKey));
  }
}

/** The fingerprints of a bundle that holds authorities alone, a few; undefined for another one. */
function readBundle(pem: string): readonly string[] | undefined {
  try {
    const found = splitBundle(pem).map((each) => parseCertificate(each));
    const fits = found.length <= authoritiesMax && found.every(({ isAuthority }) => isAuthority);
    return fits ? found.map(({ fingerprint }) => fingerprint) : undefined;
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}

function stepOf(object: Secret): number {
  return Number(annotationOf(object, stepAnnotation) ?? 0) || 0;
}
