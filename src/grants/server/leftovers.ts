/**
 * Records of certificates that nobody was given. They are removed, while the API cannot be written
 * later; those that the same request may still take up, once their grant is over. Bounded; what is
 * forgotten is a record of a certificate that nobody has.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import type { KubeClient, WritingClient } from '#kubeclient/index.ts';
import { type AccessGrant, accessGrant, issuedLink } from '../kinds.ts';
import { refusalOfGrant } from './redemption.ts';

export interface LeftoversDeps {
  readonly client: WritingClient & Pick<KubeClient, 'remove'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Leftover {
  readonly key: ObjectKey;
  readonly serialNumber: string;
  /** The grant, where who asks again is to get this very record. */
  readonly returning: AccessGrant | undefined;
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

const leftoversMax = 4096;
/** Pause before what could not be removed is looked at again; it doubles. Milliseconds. */
const againMsFirst = 2000;
const againMsMax = 60_000;
/** A write whose answer got lost is made by then, if ever; milliseconds. */
const lateMsMax = 5000;

export class Leftovers {
  readonly #deps: LeftoversDeps;
  readonly #waiting = new Map<string, Leftover>();
  #timer: NodeJS.Timeout | undefined;
  #againMs = againMsFirst;
  #working = false;
  #stopped = false;

  constructor(deps: LeftoversDeps) {
    this.#deps = deps;
  }

  /** Has a record removed, if it is there and of this certificate. */
  add(key: ObjectKey, serialNumber: string, returning?: AccessGrant): void {
    if (this.#waiting.size >= leftoversMax) return;
    const sinceMs = this.#deps.clock.monotonicMs();
    this.#waiting.set(keyText(key), { key, serialNumber, returning, sinceMs });
    this.#againMs = againMsFirst;
    this.#workLater();
  }

  /** Removes what it can, now. Never throws. */
  async work(): Promise<void> {
    if (this.#working || this.#stopped) return;
    this.#working = true;
    for (const [id, leftover] of this.#waiting) {
      try {
        if (await this.#isSettled(leftover)) this.#waiting.delete(id);
      } catch (thrown) {
        this.#deps.log.warn('the record of a certificate that was not handed out stays for now', {
          resource: id,
          error: messageOf(thrown),
        });
        break;
      }
    }
    this.#working = false;
    this.#workLater();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** @returns false when it has to be looked at again @throws KubeClientError */
  async #isSettled({ key, serialNumber, returning, sinceMs }: Leftover): Promise<boolean> {
    const { client, clock } = this.#deps;
    const found = await client.find(issuedLink, key);
    if (found === undefined) return clock.monotonicMs() - sinceMs > lateMsMax;
    if (found.spec?.serialNumber !== serialNumber) return true;
    const grant =
      returning === undefined ? undefined : await client.find(accessGrant, keyOf(returning));
    if (
      returning !== undefined &&
      grant?.metadata.uid === returning.metadata.uid &&
      grant !== undefined
    ) {
      if (mayBeUsed(grant, returning, key.name)) return true;
      if (refusalOfGrant(grant, clock.nowMs()) === undefined) return false;
    }
    // Nobody has it: it need not be put on the list of revoked ones.
    const { finalizers: _, ...metadata } = found.metadata;
    await client.update(issuedLink, { ...found, metadata });
    await client.remove(issuedLink, key);
    return true;
  }

  #workLater(): void {
    if (this.#waiting.size === 0 || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#againMs = Math.min(againMsMax, this.#againMs * 2);
      void this.work();
    }, this.#againMs);
    this.#timer.unref();
  }
}

/** True unless the grant surely did not count this record: it names the latest uses only. */
function mayBeUsed(now: AccessGrant, before: AccessGrant, record: string): boolean {
  const { redeemedBy = [], redemptions = 0 } = now.status ?? {};
  if (redeemedBy.some((each) => each.issuedLink === record)) return true;
  const namesAll = redeemedBy.length >= redemptions;
  return !namesAll && redemptions !== (before.status?.redemptions ?? 0);
}
