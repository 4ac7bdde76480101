/**
 * Keeps one Secret per Certificate: issues, renews before the end, follows its authority, heals a
 * deleted or damaged one. A Secret of the user is never touched. Deleting a Certificate needs
 * nothing from here: its Secret is owned by it and collected; one that is not owned stays.
 */
import { assert, must, unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import { handedOutAnnotation } from '#apis/index.ts';
import { isTerminating, keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import {
  createOrUpdate,
  type EventRecorder,
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
import {
  type CaState,
  caStateOf,
  type CertificateWish,
  decideCertificate,
  type Decision,
} from './decision.ts';
import { withoutLeftOwners } from './host-owners.ts';
import {
  authorityOf,
  type IssueOptions,
  leafTexts,
  newAuthority,
  type SecretTexts,
  secretWith,
} from './issued-secret.ts';
import { type Certificate, certificate, issuedLink, type Secret, secret, specOf } from './kinds.ts';
import {
  contentOfAuthority,
  contentOfCompletion,
  contentOfIntroduction,
  contentOfSwitch,
  handedOutUntil,
  type SecretContent,
} from './rotation/content.ts';
import { requestOf, rotationFacts, withoutDoneOverlap } from './rotation/facts.ts';
import { RotationReport } from './rotation/report.ts';
import { isControlled, readStoredCertificate, textOf } from './stored-certificate.ts';

export interface CertsDeps {
  readonly client: WritingClient;
  /** Shared by the process, which starts and stops it. */
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Tells people what happened to an object; absent: nobody is told. */
  readonly events?: Pick<EventRecorder, 'record'>;
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
  const issued = deps.informers.of(issuedLink);
  const concerned = ({ metadata: { name, namespace = '' } }: Secret): ObjectKey[] => {
    const keys = certificates
      .list(namespace)
      .filter((object) => [object.metadata.name, specOf(object).ca].includes(name))
      .map(keyOf);
    const own = certificates.get({ namespace, name });
    const ca = own === undefined ? '' : specOf(own).ca;
    // An authority that rotates waits for what it signs.
    return ca === '' ? keys : [...keys, { namespace, name: ca }];
  };
  const leave = [
    feed(certificates, loop, (object) => [keyOf(object)]),
    feed(secrets, loop, concerned),
    feed(issued, loop, ({ metadata: { namespace = '' }, spec }) =>
      spec === undefined ? [] : [{ namespace, name: spec.issuer }],
    ),
  ];
  let stopped = false;
  void Promise.all([certificates.synced, secrets.synced, issued.synced]).then(() => {
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
  readonly #report: RotationReport;

  constructor(deps: CertsDeps, options: CertificateControllerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#report = new RotationReport(deps);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const cached = this.#deps.informers.of(certificate).get(key);
    if (cached === undefined || isTerminating(cached)) {
      this.#report.forget(key);
      return {};
    }
    const object = await this.#dropLeftOwners(cached);
    if (object === undefined) return {};
    const { informers, clock } = this.#deps;
    const nowMs = clock.nowMs();
    // The cache may lag behind our own last write; issuing twice would make peers change twice.
    const existing = await this.#deps.client.find(secret, key);
    const authority = await this.#findAuthority(object);
    const stored = existing === undefined ? undefined : readStoredCertificate(existing);
    const ca = caStateOf(authority && readStoredCertificate(authority), nowMs);
    const rotation = rotationFacts(informers, object, existing, stored, nowMs);
    await this.#change(object, (found) => withoutDoneOverlap(found, rotation));
    const decision = decideCertificate(wishOf(object), stored, ca, nowMs, rotation);
    try {
      const current = await this.#act({ object, existing, authority, ca }, decision);
      const told = this.#report.told(object, stored, rotation, decision);
      if (current === undefined) {
        const fault = decision.kind === 'refuse' ? decision.message : undefined;
        if (fault !== undefined)
          await this.#write(object, (copy) => asFaulty(copy, fault, told, nowMs));
        return {};
      }
      await this.#write(object, (copy) => asReady(copy, current.notAfterMs, told, nowMs));
      const againMs = decision.kind === 'keep' ? decision.againMs : undefined;
      // After a write the Secret's own event brings us back here to learn when to look again.
      return againMs === undefined ? {} : { requeueAfterMs: Math.max(1000, againMs - nowMs) };
    } catch (thrown) {
      if (!(thrown instanceof PkiError)) throw thrown;
      await this.#write(object, (copy) => asFaulty(copy, thrown.message, undefined, nowMs));
      return {};
    }
  }

  /** @returns the certificate now in the Secret; undefined when there is none that serves */
  async #act(seen: Seen, decision: Decision): Promise<CertificateSummary | undefined> {
    const { object, existing } = seen;
    switch (decision.kind) {
      case 'refuse':
        return undefined;
      case 'keep':
        await this.#adopt(object, existing);
        return decision.certificate;
      case 'bundle': {
        const texts = { 'ca.crt': decision.bundle.join('') };
        await this.#store(seen, { texts, notes: {} }, decision.kind);
        return decision.certificate;
      }
      case 'authority': {
        const made = await newAuthority(wishOf(object), this.#issueOptions());
        const content = contentOfAuthority(made, requestOf(object));
        return await this.#store(seen, content, decision.reason);
      }
      case 'issue':
        return await this.#issue(seen, decision.reason);
      case 'introduce':
      case 'switch':
      case 'complete':
        return await this.#rotate(seen, decision);
      default:
        return unreachable(decision, 'certificate decision');
    }
  }

  async #issue(seen: Seen, reason: string): Promise<CertificateSummary | undefined> {
    const { object, authority, ca } = seen;
    const signer = authorityOf(must(authority, 'a decision to issue has a CA'));
    assert(ca.kind === 'usable', 'a decision to issue has a CA that serves');
    const texts = await leafTexts(wishOf(object), signer, ca, this.#issueOptions());
    if (isForHandingOut(object)) await this.#noteHandedOut(must(authority, 'a signer'), texts);
    return await this.#store(seen, { texts, notes: {} }, reason);
  }

  /** Before it can be taken away: a rotation of the authority has to wait for it. */
  async #noteHandedOut(authority: Secret, texts: SecretTexts): Promise<void> {
    const untilMs = parseCertificate(texts['tls.crt'] ?? '').notAfterMs;
    await createOrUpdate(this.#deps.client, secret, keyOf(authority), (existing) => {
      if (existing === undefined || !isControlled(existing.metadata)) return undefined;
      if (handedOutUntil(existing) >= untilMs) return undefined;
      const { metadata } = existing;
      const annotations = { ...metadata.annotations, [handedOutAnnotation]: String(untilMs) };
      return { ...existing, metadata: { ...metadata, annotations } };
    });
  }

  async #rotate(
    seen: Seen,
    decision: Extract<Decision, { kind: 'introduce' | 'switch' | 'complete' }>,
  ): Promise<CertificateSummary | undefined> {
    const existing = must(seen.existing, 'an authority that rotates has a Secret');
    const nowMs = this.#nowMs();
    const { kind } = decision;
    let content: SecretContent;
    if (kind === 'introduce') {
      const { reason, others } = decision;
      const next = await newAuthority(wishOf(seen.object), this.#issueOptions());
      const why = { reason, request: requestOf(seen.object), nowMs };
      content = contentOfIntroduction(existing, next, others, why);
    } else {
      content =
        kind === 'switch'
          ? contentOfSwitch(existing, decision.others, nowMs)
          : contentOfCompletion(existing, nowMs);
    }
    const stored = await this.#store(seen, content, kind);
    if (stored !== undefined) this.#report.onStep(seen.object, decision);
    return stored;
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
    if (isOurs) await this.#put(object, { texts: {}, notes: {} }, existing);
  }

  async #store(
    { object, existing }: Seen,
    content: SecretContent,
    reason: string,
  ): Promise<CertificateSummary | undefined> {
    const written = await this.#put(object, content, existing);
    if (written === undefined) return undefined;
    this.#deps.log.info('certificate written', { resource: keyText(keyOf(object)), reason });
    return readStoredCertificate(written).certificate;
  }

  /** @param seen the Secret that was decided on; another one in its place is left alone */
  async #put(
    object: Certificate,
    { texts, notes }: SecretContent,
    seen: Secret | undefined,
  ): Promise<Secret | undefined> {
    const written = await createOrUpdate(this.#deps.client, secret, keyOf(object), (existing) => {
      // Looked at again under the guard of the write: a Secret of the user may have come between.
      if (existing !== undefined && !isControlled(existing.metadata)) return undefined;
      if (existing === undefined && texts['tls.key'] === undefined) return undefined;
      const isSame = ['tls.crt', 'ca.crt'].every(
        (entry) => existing && seen && textOf(existing, entry) === textOf(seen, entry),
      );
      if (existing !== undefined && !isSame) return undefined;
      return secretWith(object, existing, texts, notes);
    });
    return written?.object;
  }

  async #findAuthority(object: Certificate): Promise<Secret | undefined> {
    if (specOf(object).ca === '') return undefined;
    const key = { namespace: object.metadata.namespace ?? '', name: specOf(object).ca };
    return await this.#deps.client.find(secret, key);
  }

  async #dropLeftOwners(object: Certificate): Promise<Certificate | undefined> {
    return await this.#change(object, withoutLeftOwners);
  }

  /** @param change gives back the same object when there is nothing to do */
  async #change(
    object: Certificate,
    change: (found: Certificate) => Certificate,
  ): Promise<Certificate | undefined> {
    if (change(object) === object) return object;
    const written = await createOrUpdate(
      this.#deps.client,
      certificate,
      keyOf(object),
      (existing) => (existing === undefined ? undefined : change(existing)),
      object,
    );
    return written?.object;
  }

  async #write(object: Certificate, change: (copy: Certificate) => Certificate): Promise<void> {
    await updateStatus(this.#deps.client, certificate, object, change);
  }
}

/** Made by people for other sites: what a site needs itself belongs to an object of it. */
function isForHandingOut({ metadata, spec }: Certificate): boolean {
  const isClient = spec?.client === true && spec.server !== true;
  return isClient && (metadata.ownerReferences ?? []).length === 0;
}

/** What a decision was made on. */
interface Seen {
  readonly object: Certificate;
  readonly existing: Secret | undefined;
  readonly authority: Secret | undefined;
  readonly ca: CaState;
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
