/**
 * The keys of kube-gateway tokens: the verification key is looked up again every minute, so that a
 * replaced one works at once and what the old one signed works until it ends. The signing key is
 * read for each mint with the caller's own credential: who may not read it may not mint.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { GatewayError } from '../errors.ts';
import { readSigningKey, readVerificationKey } from './link-token.ts';

/** Where PEM texts come from. */
export interface LinkKeySource {
  /** PEM of the verification key. @throws when it cannot be had now */
  readonly verification: () => Promise<string>;
  /**
   * PEM of the signing key, read as the caller.
   * @throws GatewayError GATEWAY_DENIED when the caller may not, GATEWAY_UPSTREAM
   */
  readonly signing: (bearer: string) => Promise<string>;
}

const refreshMs = 60_000;
/** While there is no key nothing is opened, so it is looked for more often. */
const firstMs = 5_000;

export class LinkKeys implements Running {
  readonly #deps: { readonly clock: Clock; readonly log: Logger };
  readonly #source: LinkKeySource;
  /** How long a replaced key still verifies; milliseconds. */
  readonly #overlapMs: number;
  #current: { readonly pem: string; readonly key: KeyObject } | undefined;
  #old: { readonly key: KeyObject; readonly untilMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    deps: { readonly clock: Clock; readonly log: Logger },
    source: LinkKeySource,
    overlapMs: number,
  ) {
    this.#deps = deps;
    this.#source = source;
    this.#overlapMs = overlapMs;
  }

  /** Reads the key and goes on reading it. @throws GatewayError GATEWAY_CONFIG for an unfit key */
  async start(): Promise<void> {
    await this.#refresh(true);
    this.#again();
  }

  /** Keys that verify now, the newest first; empty while none could be read. */
  get verification(): readonly KeyObject[] {
    const nowMs = this.#deps.clock.nowMs();
    this.#old = this.#old.filter(({ untilMs }) => untilMs > nowMs);
    return [...(this.#current ? [this.#current.key] : []), ...this.#old.map(({ key }) => key)];
  }

  /** @throws GatewayError GATEWAY_DENIED, GATEWAY_UPSTREAM, GATEWAY_CONFIG */
  async signing(bearer: string): Promise<KeyObject> {
    return readSigningKey(await this.#source.signing(bearer));
  }

  /** Looks whether the key was replaced. */
  async refresh(): Promise<void> {
    await this.#refresh(false);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #again(): void {
    const waitMs = this.#current === undefined ? firstMs : refreshMs;
    this.#timer = setTimeout(() => {
      void this.#refresh(false).then(() => {
        if (this.#timer !== undefined) this.#again();
      });
    }, waitMs);
    this.#timer.unref();
  }

  async #refresh(first: boolean): Promise<void> {
    try {
      const pem = await this.#source.verification();
      if (pem === this.#current?.pem) return;
      const key = readVerificationKey(pem);
      const untilMs = this.#deps.clock.nowMs() + this.#overlapMs;
      if (this.#current) this.#old.unshift({ key: this.#current.key, untilMs });
      this.#current = { pem, key };
    } catch (thrown) {
      if (first && thrown instanceof GatewayError && thrown.code === 'GATEWAY_CONFIG') throw thrown;
      this.#deps.log.warn('the verification key cannot be read', { reason: messageOf(thrown) });
    }
  }
}
