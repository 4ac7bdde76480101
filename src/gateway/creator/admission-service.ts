/**
 * Serves the questions of the API server: with the certificate of a Secret, whoever makes that, and
 * with the webhook's configuration kept in step. A new certificate is presented only after the API
 * server has been told its authority; the old one stays while a new one is of no use.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { RunningHttpServer, TlsIdentity } from '#http/index.ts';
import { secret } from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { faultOfForm, faultOfTime, faultOfUse, parseCertificate } from '#pki/index.ts';
import { CreatorReviews } from './creator-reviews.ts';
import type { Creators } from './creators.ts';
import { type ReviewServerDeps, startReviewServer } from './review-server.ts';
import { webhookConfigurationName, webhookHosts, withWebhook } from './webhook-configuration.ts';

export interface AdmissionServiceDeps extends Omit<ReviewServerDeps, 'reviews'> {
  readonly client: KubeClient;
  readonly creators: Creators;
}

export interface AdmissionServiceOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Secret with tls.crt, tls.key and, unless public roots know it, ca.crt. */
  readonly secret: { readonly namespace: string; readonly name: string };
  /** PEM bundle: whoever asks must have a certificate of these. Absent: the path alone is proof. */
  readonly clientCa?: string;
  /** Between two looks; default 10 000 ms. */
  readonly lookMs?: number;
  /** From telling the API server an authority to relying on it; default 3000 ms. */
  readonly settleMs?: number;
  /** How long authorities of earlier certificates stay; default 600 000 ms. */
  readonly overlapMs?: number;
}

interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly caPem: string;
}

const defaults = { lookMs: 10_000, settleMs: 3000, overlapMs: 600_000 };
const root = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

export class AdmissionService implements Running {
  readonly #deps: AdmissionServiceDeps;
  readonly #options: AdmissionServiceOptions & typeof defaults;
  readonly #cut = new AbortController();
  #server: RunningHttpServer | undefined;
  #served: Identity | undefined;
  #changedMs: number;
  #told = '';
  #loop: Promise<void> = Promise.resolve();

  constructor(deps: AdmissionServiceDeps, options: AdmissionServiceOptions) {
    this.#deps = deps;
    this.#options = { ...defaults, ...options };
    this.#changedMs = deps.clock.monotonicMs();
  }

  /** The port that is bound; undefined until there is a certificate. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Resolves after the first look: it answers then, unless there is no certificate yet. */
  async start(): Promise<void> {
    const first = this.#tryLook();
    this.#loop = first.then(() => this.#run());
    await first;
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#cut.abort();
    await this.#loop;
    await this.#server?.stop(options);
  }

  async #run(): Promise<void> {
    const { signal } = this.#cut;
    while (!signal.aborted) {
      await delay(this.#options.lookMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#tryLook();
    }
  }

  async #tryLook(): Promise<void> {
    try {
      await this.#look();
    } catch (thrown) {
      if (!this.#cut.signal.aborted) this.#tell(messageOf(thrown));
    }
  }

  async #look(): Promise<void> {
    const configuration = await this.#configuration();
    const hosts = configuration === undefined ? [] : webhookHosts(configuration);
    const found = await this.#identity(hosts);
    // One of no use leaves the one that is served, which the API server still has to know.
    const identity = found ?? this.#served;
    if (identity === undefined) return;
    const isNew = !isSame(this.#served, identity);
    if (isNew) this.#changedMs = this.#deps.clock.monotonicMs();
    if (configuration !== undefined) await this.#keep(configuration, identity);
    if (isNew) await this.#serve(identity);
    if (configuration === undefined || hosts.length === 0) {
      this.#tell(
        `there is no webhook of ours in ValidatingWebhookConfiguration ${webhookConfigurationName}: grants of kubectl do not work`,
      );
    } else if (found !== undefined) this.#told = '';
  }

  async #configuration(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const path = `${root}/${webhookConfigurationName}`;
    const { signal } = this.#cut;
    try {
      return await this.#deps.client.raw({ method: 'GET', path, signal });
    } catch (thrown) {
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return undefined;
      throw thrown;
    }
  }

  async #identity(hosts: readonly string[]): Promise<Identity | undefined> {
    const { namespace, name } = this.#options.secret;
    const found = await this.#deps.client.find(secret, { namespace, name });
    const textIn = (member: string): string =>
      Buffer.from(found?.data?.[member] ?? '', 'base64').toString('utf8');
    const texts = {
      'tls.crt': textIn('tls.crt'),
      'tls.key': textIn('tls.key'),
      'ca.crt': textIn('ca.crt'),
    };
    const fault = found === undefined ? 'it is not there' : this.#faultOf(texts, hosts);
    if (fault !== undefined) {
      this.#tell(`Secret ${namespace}/${name} is no certificate for the webhook: ${fault}`);
      return undefined;
    }
    return { cert: texts['tls.crt'], key: texts['tls.key'], caPem: texts['ca.crt'] };
  }

  #faultOf(
    texts: Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt', string>>,
    hosts: readonly string[],
  ): string | undefined {
    const fault = faultOfForm(texts, { certificate: true, authority: texts['ca.crt'] !== '' });
    if (fault !== undefined) return fault;
    const certificate = parseCertificate(texts['tls.crt']);
    const use = { hosts, server: true, client: false, signing: false };
    return faultOfTime(certificate, this.#deps.clock.nowMs()) ?? faultOfUse(certificate, use);
  }

  async #keep(
    configuration: Readonly<Record<string, unknown>>,
    { caPem }: Identity,
  ): Promise<void> {
    const { clock, creators, client } = this.#deps;
    const keepOthers = clock.monotonicMs() - this.#changedMs < this.#options.overlapMs;
    const wish = { caPem, keepOthers, path: creators.path, nowMs: clock.nowMs() };
    const body = withWebhook(configuration, wish);
    if (body === configuration) return;
    const path = `${root}/${webhookConfigurationName}`;
    await client.raw({ method: 'PUT', path, body, signal: this.#cut.signal });
  }

  async #serve(identity: Identity): Promise<void> {
    const { host, port, clientCa, settleMs } = this.#options;
    const { cert, key } = identity;
    const tls: TlsIdentity = {
      cert,
      key,
      minVersion: 'TLSv1.2',
      ...(clientCa === undefined ? {} : { clientCa, clientCertificateRequired: true }),
    };
    if (this.#server === undefined) {
      const reviews = new CreatorReviews(this.#deps);
      const { path } = this.#deps.creators;
      this.#server = await startReviewServer({ ...this.#deps, reviews }, { host, port, tls, path });
      this.#deps.log.info('answers the API server about grants', { port: this.#server.port });
    } else {
      // This replica or another has just told the API server: it needs a moment to take note.
      await delay(settleMs, undefined, { signal: this.#cut.signal, ref: false });
      this.#server.setTls(tls);
      this.#deps.log.info('presents a new certificate to the API server', {});
    }
    this.#served = identity;
  }

  /** Each trouble once, not at every look. */
  #tell(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#deps.log.warn('the API server cannot ask about grants', { reason });
  }
}

function isSame(one: Identity | undefined, other: Identity): boolean {
  return one?.cert === other.cert && one.key === other.key && one.caPem === other.caPem;
}
