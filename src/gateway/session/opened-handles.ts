/**
 * Handles that were let in, so that the next request need not find everything out again. An entry
 * is good for the same client, while the grant is the very object it was decided on (a change makes
 * another one) and within the time for which the decision holds.
 */
import type { GatewayToken } from '#apis/index.ts';

interface Opened<Access> {
  readonly access: Access;
  readonly client: string;
  /** The decision holds in this stretch; milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Handles remembered; the oldest goes first. */
const openedMax = 4096;

export class OpenedHandles<Access extends { readonly grant: GatewayToken }> {
  readonly #byHash = new Map<string, Opened<Access>>();

  /**
   * @param hash of the whole handle; finding it takes no time that tells anything about a secret
   * @param grant the one that is known under the handle's name now
   */
  find(
    hash: string,
    grant: GatewayToken | undefined,
    client: string,
    nowMs: number,
  ): Access | undefined {
    const opened = this.#byHash.get(hash);
    if (opened === undefined || opened.access.grant !== grant) return undefined;
    const inTime = nowMs >= opened.fromMs && nowMs < opened.untilMs;
    return inTime && opened.client === client ? opened.access : undefined;
  }

  keep(hash: string, opened: Opened<Access>): void {
    this.#byHash.delete(hash);
    this.#byHash.set(hash, opened);
    if (this.#byHash.size <= openedMax) return;
    for (const oldest of this.#byHash.keys()) {
      this.#byHash.delete(oldest);
      return;
    }
  }
}
