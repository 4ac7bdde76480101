/**
 * The record of a certificate that is handed out: an IssuedLink, written before the answer, so that
 * nothing is handed out that could not be revoked.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { annotationOf, formatTime, type ObjectKey, ownerReferenceTo } from '#kube/index.ts';
import { isKubeError, type KubeClient, type WritingClient } from '#kubeclient/index.ts';
import type { CertificateSummary } from '#pki/index.ts';
import {
  type AccessGrant,
  type IssuedLink,
  issuedLink,
  issuedLinkFinalizer,
  issuedLinkGrantLabel,
  type Site,
} from '../kinds.ts';
import { Leftovers } from './leftovers.ts';
import type { Joiner } from './redemption.ts';

/** What is handed out, to whom. */
export interface Issue {
  readonly grant: AccessGrant;
  readonly site: Site;
  readonly joiner: Joiner;
  /** Secret of the CA. */
  readonly issuer: string;
  readonly certificate: CertificateSummary;
  /** True when the joiner kept its key. */
  readonly isSigned: boolean;
  /** Address of the joiner. */
  readonly client: string;
  /** Tells the same request when it comes again, SHA-256 in base64; undefined when it cannot. */
  readonly requestId?: string | undefined;
  readonly nowMs: number;
}

/** A certificate that is on record. */
export interface Recorded {
  readonly key: ObjectKey;
  readonly serialNumber: string;
  /** False when an earlier try of the same request left it; then its certificate is the one. */
  readonly isNew: boolean;
}

/** On IssuedLinks whose key stayed with the joiner: the certificate. */
export const issuedCertificateAnnotation = 'drawbridge.dev/certificate';

/** Characters of the serial number in the name; enough to tell 2^80 apart. */
const serialInNameLength = 20;
/** Characters of the joiner's name in the name. */
const joinerInNameLength = 200;
/** Longest text of a field; longer ones are cut. */
const textLengthMax = 512;

/** The object for one certificate. */
export function issuedLinkOf(issue: Issue): IssuedLink {
  const { grant, site, joiner, certificate, nowMs } = issue;
  const serialNumber = certificate.serialNumber.toLowerCase();
  const start = joiner.name.slice(0, joinerInNameLength).replace(/[.-]+$/u, '');
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: issuedLink.kind,
    metadata: {
      // The same request finds the record of its earlier try, which was perhaps cut off.
      name: `${start}-${(hexOf(issue.requestId) ?? serialNumber).slice(0, serialInNameLength)}`,
      namespace: grant.metadata.namespace ?? '',
      labels: { [issuedLinkGrantLabel]: grant.metadata.uid ?? '' },
      // Public; with it the same answer can be given again, by any replica.
      ...(issue.isSigned
        ? { annotations: { [issuedCertificateAnnotation]: certificate.pem } }
        : {}),
      finalizers: [issuedLinkFinalizer],
      ownerReferences: [ownerReferenceTo(site, false)],
    },
    spec: {
      serialNumber,
      fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      commonName: certificate.commonName,
      issuer: issue.issuer.slice(0, textLengthMax),
      notBefore: formatTime(certificate.notBeforeMs),
      notAfter: formatTime(certificate.notAfterMs),
      issuedTime: formatTime(nowMs),
      grantName: grant.metadata.name,
      grantUid: grant.metadata.uid ?? '',
      tokenName: joiner.name,
      siteId: joiner.subject,
      client: issue.client.slice(0, textLengthMax),
      form: issue.isSigned ? 'csr' : 'key',
      revoked: false,
    },
  };
}

export interface IssueRecorderDeps {
  readonly client: WritingClient & Pick<KubeClient, 'remove'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class IssueRecorder {
  readonly #deps: IssueRecorderDeps;
  readonly #leftovers: Leftovers;

  constructor(deps: IssueRecorderDeps) {
    this.#deps = deps;
    this.#leftovers = new Leftovers(deps);
  }

  /** Writes the record. Never throws. @returns undefined when it could not be written */
  async record(issue: Issue): Promise<Recorded | undefined> {
    const wanted = issuedLinkOf(issue);
    const key = { namespace: wanted.metadata.namespace ?? '', name: wanted.metadata.name };
    const serialNumber = wanted.spec?.serialNumber ?? '';
    try {
      await this.#deps.client.create(issuedLink, wanted);
      return { key, serialNumber, isNew: true };
    } catch (thrown) {
      const isThere = issue.requestId !== undefined && isKubeError(thrown, 'KUBE_ALREADY_EXISTS');
      const earlier = isThere ? await this.#earlier(key) : undefined;
      if (earlier !== undefined) return earlier;
      // It may have been made, and only the answer lost on the way.
      this.#leftovers.add(
        key,
        serialNumber,
        issue.requestId === undefined ? undefined : issue.grant,
      );
      this.#deps.log.warn('a certificate was not handed out: it could not be recorded', {
        resource: `${key.namespace}/${issue.grant.metadata.name}`,
        error: messageOf(thrown),
      });
      return undefined;
    }
  }

  async #earlier(key: ObjectKey): Promise<Recorded | undefined> {
    try {
      const found = await this.#deps.client.find(issuedLink, key);
      if (found === undefined) return undefined;
      return { key, serialNumber: found.spec?.serialNumber ?? '', isNew: false };
    } catch (thrown) {
      this.#deps.log.warn('a record cannot be read', { error: messageOf(thrown) });
      return undefined;
    }
  }

  /**
   * Takes back the record of a certificate that was not handed out after all, in a moment.
   * @param returning the grant, where the same request may come again and take this record up
   */
  takeBack({ key, serialNumber }: Recorded, returning?: AccessGrant): void {
    this.#leftovers.add(key, serialNumber, returning);
    void this.#leftovers.work();
  }

  /** Gives up on what could not be taken back yet. */
  stop(): void {
    this.#leftovers.stop();
  }

  /** True when what was handed out is still valid. @throws KubeClientError */
  async isValid(key: ObjectKey): Promise<boolean> {
    return isValidRecord(await this.#deps.client.find(issuedLink, key));
  }

  /**
   * The certificate that was handed out before, PEM; undefined when it is no longer valid.
   * @throws KubeClientError
   */
  async certificateOf(key: ObjectKey): Promise<string | undefined> {
    const found = await this.#deps.client.find(issuedLink, key);
    return isValidRecord(found) ? annotationOf(found, issuedCertificateAnnotation) : undefined;
  }
}

function isValidRecord(found: IssuedLink | undefined): found is IssuedLink {
  return (
    found !== undefined &&
    found.metadata.deletionTimestamp === undefined &&
    found.spec?.revoked !== true
  );
}

function hexOf(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
}
