/**
 * Keeps one Secret per Certificate: issues, renews before the end, follows its authority, heals a
 * deleted or damaged one. A Secret of the user is never touched. Deleting a Certificate needs
 * nothing from here: its Secret is owned by it and collected; one that is not owned stays.
 */
import { must, unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import { isTerminating, keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import {
  createOrUpdate,
  feed,
  type InformerSet,
  type WritingClient,
  updateStatus,
} from '#kubeclient/index.ts';
import {
  type CertificateSummary,
  type KeyAlgorithm,
  parseCertificate,
  PkiError,
} from '#pki/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import { asFaulty, asReady } from './certificate-status.ts';
import { caStateOf, type CertificateWish, decideCertificate, type Decision } from './decision.ts';
import { withoutLeftOwners } from './host-owners.ts';
import {
  authorityOf,
  authorityTexts,
  type IssueOptions,
  leafTexts,
  type SecretTexts,
  secretWith,
} from './issued-secret.ts';
import { type Certificate, certificate, type Secret, secret, specOf } from './kinds.ts';
import { isControlled, readStoredCertificate } from './stored-certificate.ts';

export interface CertsDeps {
  readonly client: WritingClient;
  /** Shared by the process, which starts and stops it. */
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface CertificateControllerOptions {
  /** Life of what is issued, in milliseconds; default five years. */
  readonly lifetimeMs?: number;
  /** Kind of new keys; default ecdsa-p256. `settings.key-algorithm` of a Certificate wins. */
  readonly algorithm?: KeyAlgorithm;
}

/** Starts the controller; it works as soon as the informers have synced. */
export function startCertificateController(
  deps: CertsDeps,
  options: CertificateControllerOptions = {},
): Running {
  const certificates = deps.informers.of(certificate);
  const secrets = deps.informers.of(secret);
  const loop = new ReconcileLoop<ObjectKey>(new CertificateReconciler(deps, options), deps, {
    name: 'certificate',
    idOf: keyText,
  });
  const concerned = (changed: Secret): ObjectKey[] =>
    certificates
      .list(changed.metadata.namespace)
      .filter((object) => [object.metadata.name, specOf(object).ca].includes(changed.metadata.name))
      .map(keyOf);
  const leave = [
    feed(certificates, loop, (object) => [keyOf(object)]),
    feed(secrets, loop, concerned),
  ];
  let stopped = false;
  void Promise.all([certificates.synced, secrets.synced]).then(() => {
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

class CertificateReconciler implements Reconciler<ObjectKey> {
  readonly #deps: CertsDeps;
  readonly #options: CertificateControllerOptions;

  constructor(deps: CertsDeps, options: CertificateControllerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const cached = this.#deps.informers.of(certificate).get(key);
    if (cached === undefined || isTerminating(cached)) return {};
    const object = await this.#dropLeftOwners(cached);
    if (object === undefined) return {};
    const nowMs = this.#deps.clock.nowMs();
    // The cache may lag behind our own last write; issuing twice would make peers change twice.
    const existing = await this.#deps.client.find(secret, key);
    const authority = await this.#findAuthority(object);
    const stored = existing === undefined ? undefined : readStoredCertificate(existing);
    const ca = caStateOf(authority && readStoredCertificate(authority), nowMs);
    const decision = decideCertificate(wishOf(object), stored, ca, nowMs);
    try {
      const current = await this.#act(object, existing, authority, decision);
      if (current === undefined) return {};
      await this.#write(object, (copy) => asReady(copy, current.notAfterMs, nowMs));
      const againMs = decision.kind === 'keep' ? decision.againMs : undefined;
      // After a write the Secret's own event brings us back here to learn when to look again.
      return againMs === undefined ? {} : { requeueAfterMs: Math.max(1000, againMs - nowMs) };
    } catch (thrown) {
      if (!(thrown instanceof PkiError)) throw thrown;
      await this.#write(object, (copy) => asFaulty(copy, thrown.message, nowMs));
      return {};
    }
  }

  /** @returns the certificate now in the Secret; undefined when a refusal was written */
  async #act(
    object: Certificate,
    existing: Secret | undefined,
    authority: Secret | undefined,
    decision: Decision,
  ): Promise<CertificateSummary | undefined> {
    switch (decision.kind) {
      case 'refuse':
        await this.#write(object, (copy) => asFaulty(copy, decision.message, this.#nowMs()));
        return undefined;
      case 'keep':
        await this.#adopt(object, existing);
        return decision.certificate;
      case 'bundle':
        await this.#store(object, { 'ca.crt': decision.bundle.join('') }, 'bundle');
        return decision.certificate;
      case 'authority':
        return await this.#makeAuthority(object, existing, decision);
      case 'issue':
        return await this.#issue(object, authority, decision);
      default:
        return unreachable(decision, 'certificate decision');
    }
  }

  async #makeAuthority(
    object: Certificate,
    existing: Secret | undefined,
    { keepKey, previous, reason }: Extract<Decision, { kind: 'authority' }>,
  ): Promise<CertificateSummary | undefined> {
    const kept = keepKey && existing ? readStoredCertificate(existing).keyPem : undefined;
    const texts = await authorityTexts(wishOf(object), kept, previous, this.#issueOptions());
    return await this.#store(object, texts, reason);
  }

  async #issue(
    object: Certificate,
    authority: Secret | undefined,
    { bundle, reason }: Extract<Decision, { kind: 'issue' }>,
  ): Promise<CertificateSummary | undefined> {
    const signer = authorityOf(must(authority, 'a decision to issue has a CA'));
    const texts = await leafTexts(wishOf(object), signer, bundle, this.#issueOptions());
    return await this.#store(object, texts, reason);
  }

  #nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  #issueOptions(): IssueOptions {
    return {
      nowMs: this.#deps.clock.nowMs(),
      lifetimeMs: this.#options.lifetimeMs,
      algorithm: this.#options.algorithm ?? 'ecdsa-p256',
    };
  }

  /** Makes sure that a Secret of ours goes with this Certificate and not with an earlier one. */
  async #adopt(object: Certificate, existing: Secret | undefined): Promise<void> {
    const isOurs = existing !== undefined && isControlled(existing.metadata);
    if (isOurs) await this.#put(object, {});
  }

  async #store(
    object: Certificate,
    texts: Partial<SecretTexts>,
    reason: string,
  ): Promise<CertificateSummary | undefined> {
    const written = await this.#put(object, texts);
    this.#deps.log.info('certificate written', { resource: keyText(keyOf(object)), reason });
    const pem =
      texts['tls.crt'] ??
      (written === undefined ? '' : readStoredCertificate(written).certificate?.pem);
    return pem === undefined || pem === '' ? undefined : parseCertificate(pem);
  }

  async #put(object: Certificate, texts: Partial<SecretTexts>): Promise<Secret | undefined> {
    const written = await createOrUpdate(this.#deps.client, secret, keyOf(object), (existing) => {
      // Looked at again under the guard of the write: a Secret of the user may have come between.
      if (existing !== undefined && !isControlled(existing.metadata)) return undefined;
      if (existing === undefined && texts['tls.key'] === undefined) return undefined;
      return secretWith(object, existing, texts);
    });
    return written?.object;
  }

  async #findAuthority(object: Certificate): Promise<Secret | undefined> {
    if (specOf(object).ca === '') return undefined;
    const key = { namespace: object.metadata.namespace ?? '', name: specOf(object).ca };
    return await this.#deps.client.find(secret, key);
  }

  async #dropLeftOwners(object: Certificate): Promise<Certificate | undefined> {
    if (withoutLeftOwners(object) === object) return object;
    const written = await createOrUpdate(
      this.#deps.client,
      certificate,
      keyOf(object),
      (existing) => (existing === undefined ? undefined : withoutLeftOwners(existing)),
      object,
    );
    return written?.object;
  }

  async #write(object: Certificate, change: (copy: Certificate) => Certificate): Promise<void> {
    await updateStatus(this.#deps.client, certificate, object, change);
  }
}

const algorithms: readonly string[] = [
  'ecdsa-p256',
  'rsa-2048',
  'rsa-3072',
] satisfies KeyAlgorithm[];

function wishOf(object: Certificate): CertificateWish {
  const spec = specOf(object);
  const asked = spec.settings?.['key-algorithm'];
  return {
    namespace: object.metadata.namespace ?? '',
    subject: spec.subject,
    hosts: spec.hosts ?? [],
    server: spec.server ?? false,
    client: spec.client ?? false,
    signing: spec.signing ?? false,
    ca: spec.ca,
    algorithm:
      asked !== undefined && algorithms.includes(asked) ? (asked as KeyAlgorithm) : undefined,
  };
}
