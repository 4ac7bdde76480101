/**
 * Tells in time when a certificate that sites depend on is about to end and nobody has renewed it:
 * an Event on its Secret and on the Links that use it, and gauges to alert on. What we renew
 * ourselves never gets here; what users bring, and what the other end of a link does not renew, may.
 */
import type { Running } from '#base/lifecycle.ts';
import { keyOf, keyText, type KubeObject, type ObjectKey, secretText } from '#kube/index.ts';
import { type EventRecorder, feed } from '#kubeclient/index.ts';
import { type CertificateSummary, parseCertificate, PkiError, warnAtMs } from '#pki/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import type { CertsDeps } from './certificate-controller.ts';
import { certificate, link, routerAccess, type Secret, secret } from './kinds.ts';

export interface ExpiryWatchDeps extends CertsDeps {
  readonly events: Pick<EventRecorder, 'record'>;
}

/** Starts watching; it works as soon as the informers have synced. */
export function startExpiryWatch(deps: ExpiryWatchDeps): Running {
  const { informers, clock, metrics } = deps;
  const synced = [
    informers.of(secret).synced,
    informers.of(certificate).synced,
    informers.of(link).synced,
    informers.of(routerAccess).synced,
  ];
  const secrets = informers.of(secret);
  const watch = new ExpiryReconciler(deps);
  const loop = new ReconcileLoop<ObjectKey>(watch, deps, { name: 'expiry', idOf: keyText });
  const leave = [
    feed(secrets, loop, (object) => [keyOf(object)]),
    feed(informers.of(certificate), loop, (object) => [keyOf(object)]),
    feed(informers.of(link), loop, (object) => keysIn(object, object.spec?.tlsCredentials)),
    feed(informers.of(routerAccess), loop, (object) => keysIn(object, object.spec?.tlsCredentials)),
  ];
  const leftMs = (): number[] =>
    secrets.list().flatMap((each) => {
      const found = watch.watched(each);
      return found === undefined ? [] : [found.notAfterMs - clock.nowMs()];
    });
  metrics.gauge(
    'drawbridge_certificate_soonest_expiry_seconds',
    'Seconds until the first certificate that sites depend on ends; negative when it has',
    () => Math.round(Math.min(...leftMs(), Number.MAX_SAFE_INTEGER) / 1000),
  );
  metrics.gauge(
    'drawbridge_certificates_expiring',
    'Certificates that sites depend on and that should have been renewed by now',
    () => secrets.list().filter((each) => watch.isLate(each)).length,
  );
  let stopped = false;
  void Promise.all(synced).then(() => {
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

function keysIn({ metadata }: KubeObject, name: string | undefined): ObjectKey[] {
  return name === undefined || name === '' ? [] : [{ namespace: metadata.namespace ?? '', name }];
}

class ExpiryReconciler implements Reconciler<ObjectKey> {
  readonly #deps: ExpiryWatchDeps;
  /** Cached objects are replaced when they change, so the object itself is the key. */
  readonly #read = new WeakMap<Secret, CertificateSummary | 'none'>();
  /** What was said last, by Secret, so that it is said once; one entry per late Secret. */
  readonly #said = new Map<string, string>();

  constructor(deps: ExpiryWatchDeps) {
    this.#deps = deps;
  }

  /** The certificate of a Secret that sites depend on. */
  watched(object: Secret): CertificateSummary | undefined {
    if (!this.#isUsed(keyOf(object))) return undefined;
    const found = this.#read.get(object) ?? readCertificateOf(object) ?? 'none';
    this.#read.set(object, found);
    return found === 'none' ? undefined : found;
  }

  isLate(object: Secret): boolean {
    const found = this.watched(object);
    return found !== undefined && this.#deps.clock.nowMs() >= warnAtMs(found);
  }

  reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const object = this.#deps.informers.of(secret).get(key);
    const found = object === undefined ? undefined : this.watched(object);
    if (object === undefined || found === undefined) {
      this.#said.delete(keyText(key));
      return Promise.resolve({});
    }
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs < warnAtMs(found)) {
      this.#said.delete(keyText(key));
      return Promise.resolve({ requeueAfterMs: Math.max(1000, warnAtMs(found) - nowMs) });
    }
    const isOver = nowMs >= found.notAfterMs;
    this.#say(object, found, isOver);
    return Promise.resolve(
      isOver ? {} : { requeueAfterMs: Math.max(1000, found.notAfterMs - nowMs) },
    );
  }

  #say(object: Secret, found: CertificateSummary, isOver: boolean): void {
    const reason = isOver ? 'CertificateExpired' : 'CertificateExpiring';
    const id = keyText(keyOf(object));
    const word = `${found.serialNumber} ${reason}`;
    if (this.#said.get(id) === word) return;
    this.#said.set(id, word);
    const { name } = object.metadata;
    const when = new Date(found.notAfterMs).toISOString().replace('.000Z', 'Z');
    const message = isOver
      ? `The certificate in Secret "${name}" expired on ${when}: replace it; connections that exist go on, new ones fail`
      : `The certificate in Secret "${name}" expires on ${when} and was not renewed: replace it before`;
    this.#deps.log.warn('certificate ends', { resource: id, reason, expiration: when });
    const typed = { ...object, apiVersion: 'v1', kind: 'Secret' };
    for (const about of [typed, ...this.#linksOf(object)]) {
      this.#deps.events.record(about, { type: 'Warning', reason, message });
    }
  }

  #linksOf({ metadata }: Secret): readonly KubeObject[] {
    const links = this.#deps.informers.of(link).list(metadata.namespace);
    return links.filter(({ spec }) => spec?.tlsCredentials === metadata.name);
  }

  #isUsed(key: ObjectKey): boolean {
    const { informers } = this.#deps;
    const { namespace, name } = key;
    return (
      informers.of(certificate).get(key) !== undefined ||
      informers
        .of(link)
        .list(namespace)
        .some(({ spec }) => spec?.tlsCredentials === name) ||
      informers
        .of(routerAccess)
        .list(namespace)
        .some(({ spec }) => spec?.tlsCredentials === name)
    );
  }
}

function readCertificateOf(object: Secret): CertificateSummary | undefined {
  try {
    return parseCertificate(secretText(object, 'tls.crt') ?? '');
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}
