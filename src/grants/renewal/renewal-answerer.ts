/**
 * Answers requests to renew: the certificate must be one that this site handed out and did not
 * revoke, the request signed with its key. The new one is recorded as an IssuedLink that replaces
 * the old one, before it is sent; the same request gets the same certificate however often it comes.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { annotationOf, formatTime, isTerminating, ownerReferenceTo } from '#kube/index.ts';
import {
  isKubeError,
  type KubeClient,
  type Lister,
  type WritingClient,
} from '#kubeclient/index.ts';
import {
  type CertificateSummary,
  issueForRequest,
  parseCertificate,
  parseSigningRequest,
  PkiError,
} from '#pki/index.ts';
import { AttemptLimit } from '#base/attempt-limit.ts';
import {
  type IssuedLink,
  issuedLink,
  issuedLinkFinalizer,
  type Secret,
  type Site,
} from '../kinds.ts';
import { issuedCertificateAnnotation } from '../server/issue-record.ts';
import { type Signer, SigningAuthorities } from '../server/signing-authority.ts';
import { activeSite } from '../site-access.ts';
import { bundleForJoiners, siteServerName } from '../site-trust.ts';
import { type Envelope, isSealedBy } from './envelope.ts';
import { digestOfRequest, type RenewalAnswer, type RenewalRequest, sealAnswer } from './letters.ts';
import type { SitePost } from './site-post.ts';

export interface RenewalAnswererDeps {
  readonly client: WritingClient & Pick<KubeClient, 'remove'>;
  readonly sites: Pick<Lister<Site>, 'list'>;
  readonly secrets: Pick<Lister<Secret>, 'get'>;
  readonly issued: Pick<Lister<IssuedLink>, 'list'>;
  readonly post: Pick<SitePost, 'send'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Characters of the request's digest in the name of the record. */
const digestInNameLength = 20;
const nameLengthMax = 253;
/** Requests that one certificate may make in a row, and how often one more; milliseconds. */
const requestLimit = { burst: 5, leakMs: 60_000, keysMax: 4096 };

type Refused = { readonly reason: string };

export class RenewalAnswerer {
  readonly #deps: RenewalAnswererDeps;
  readonly #signers = new SigningAuthorities();
  readonly #requests = new AttemptLimit(requestLimit);

  constructor(deps: RenewalAnswererDeps) {
    this.#deps = deps;
  }

  /** Never throws for what others wrote; a fault of the API leaves the request without an answer. */
  async onRequest(namespace: string, request: RenewalRequest, envelope: Envelope): Promise<void> {
    const { sites, issued, clock, log } = this.#deps;
    const site = activeSite(sites.list(namespace));
    if (site === undefined || site.metadata.uid !== request.issuerId) return;
    const old = issued.list(namespace).find((each) => isRecordOf(each, request.certificatePem));
    // Who is not known, or cannot prove to be who they say, hears nothing; nor does a certificate
    // from a file, which was made for no site in particular.
    if (old?.spec?.siteId === undefined || !isSealedBy(envelope, request.certificatePem)) return;
    const nowMs = clock.nowMs();
    if (this.#requests.waitMs(old.metadata.name, nowMs) > 0) return;
    this.#requests.onAttempt(old.metadata.name, nowMs);
    const secret = this.#deps.secrets.get({ namespace, name: old.spec?.issuer ?? '' });
    const signer = secret === undefined ? undefined : this.#signers.of(secret);
    if (signer === undefined) {
      log.warn('a certificate cannot be renewed: its CA is not usable', {
        resource: `${namespace}/${old.metadata.name}`,
        issuer: old.spec?.issuer,
      });
      return;
    }
    try {
      const result = await this.#renew(site, old, request, signer);
      this.#answer(namespace, old, request, signer, result);
    } catch (thrown) {
      log.warn('a certificate was not renewed', {
        resource: `${namespace}/${old.metadata.name}`,
        error: messageOf(thrown),
      });
    }
  }

  #answer(
    namespace: string,
    old: IssuedLink,
    request: RenewalRequest,
    signer: Signer,
    outcome: CertificateSummary | Refused,
  ): void {
    const server = this.#deps.secrets.get({ namespace, name: siteServerName });
    const result: RenewalAnswer['result'] =
      'reason' in outcome
        ? { kind: 'refused', reason: outcome.reason }
        : {
            kind: 'renewed',
            certificatePem: outcome.pem,
            bundlePem: bundleForJoiners(server, signer.bundlePem, this.#deps.clock.nowMs()),
          };
    const answer = { requestDigest: digestOfRequest(request.signingRequest), result };
    const text = sealAnswer(answer, signer.authority.keys.privateKey, signer.cross);
    this.#deps.post.send(namespace, old.spec?.siteId ?? '', text);
  }

  async #renew(
    site: Site,
    old: IssuedLink,
    request: RenewalRequest,
    signer: Signer,
  ): Promise<CertificateSummary | Refused> {
    const nowMs = this.#deps.clock.nowMs();
    const refusal = refusalOf(old, nowMs);
    if (refusal !== undefined) return { reason: refusal };
    const before = parseCertificate(request.certificatePem);
    let certificate: CertificateSummary;
    try {
      const parsed = await parseSigningRequest(request.signingRequest);
      certificate = issueForRequest(signer.authority, parsed, {
        commonName: before.commonName,
        server: false,
        client: true,
        nowMs,
        // As long as the one before: who was let in for a day is let in by the day.
        lifetimeMs: before.notAfterMs - before.notBeforeMs,
      });
    } catch (thrown) {
      if (thrown instanceof PkiError) return { reason: 'the certificate request is not valid' };
      throw thrown;
    }
    return await this.#record(site, old, request, certificate);
  }

  async #record(
    site: Site,
    old: IssuedLink,
    request: RenewalRequest,
    certificate: CertificateSummary,
  ): Promise<CertificateSummary> {
    const { client, log } = this.#deps;
    const wanted = successorOf(site, old, request, certificate, this.#deps.clock.nowMs());
    const key = { namespace: old.metadata.namespace ?? '', name: wanted.metadata.name };
    try {
      await client.create(issuedLink, wanted);
      log.info('certificate renewed', {
        resource: `${key.namespace}/${key.name}`,
        replaces: old.metadata.name,
        serial: certificate.serialNumber,
      });
      return certificate;
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
    }
    const known = await client.find(issuedLink, key);
    return parseCertificate((known && annotationOf(known, issuedCertificateAnnotation)) ?? '');
  }
}

/** What stands against a successor of this record; undefined: nothing. */
function refusalOf(old: IssuedLink, nowMs: number): string | undefined {
  if (old.spec?.revoked === true || isTerminating(old)) return 'access was revoked';
  const endMs = Date.parse(old.spec?.notAfter ?? '');
  return endMs <= nowMs ? 'the certificate has expired: a new token is needed' : undefined;
}

/** True when the record is of this very certificate. */
export function isRecordOf({ spec }: IssuedLink, certificatePem: string): boolean {
  try {
    const { fingerprint } = parseCertificate(certificatePem);
    return spec?.fingerprint === fingerprint.replaceAll(':', '').toLowerCase();
  } catch (thrown) {
    if (thrown instanceof PkiError) return false;
    throw thrown;
  }
}

function successorOf(
  site: Site,
  old: IssuedLink,
  request: RenewalRequest,
  certificate: CertificateSummary,
  nowMs: number,
): IssuedLink {
  const digest = createHash('sha256')
    .update(`${old.metadata.uid ?? ''} ${request.signingRequest}`)
    .digest('hex')
    .slice(0, digestInNameLength);
  const { notBefore: _begin, notAfter: _end, revoked: _revoked, ...kept } = old.spec ?? emptySpec;
  const stem = (kept.tokenName ?? old.metadata.name).slice(0, nameLengthMax - digest.length - 1);
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: issuedLink.kind,
    metadata: {
      name: `${stem.replace(/[.-]+$/u, '')}-${digest}`,
      namespace: old.metadata.namespace ?? '',
      ...(old.metadata.labels === undefined ? {} : { labels: old.metadata.labels }),
      annotations: { [issuedCertificateAnnotation]: certificate.pem },
      finalizers: [issuedLinkFinalizer],
      ownerReferences: [ownerReferenceTo(site, false)],
    },
    spec: {
      ...kept,
      serialNumber: certificate.serialNumber.toLowerCase(),
      fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      notBefore: formatTime(certificate.notBeforeMs),
      notAfter: formatTime(certificate.notAfterMs),
      issuedTime: formatTime(nowMs),
      form: 'csr',
      replaces: old.metadata.name,
      revoked: false,
    },
  };
}

const emptySpec: NonNullable<IssuedLink['spec']> = {
  serialNumber: '',
  fingerprint: '',
  commonName: '',
  issuer: '',
  notAfter: '',
};
