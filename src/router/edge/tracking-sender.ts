/**
 * Tells an edge router which addresses can be reached outside it. Of an address that changes while
 * there is no credit only the last word is sent.
 */
import { encodeMessage, type SenderHandler, type SenderLink } from '#amqp/index.ts';

export class TrackingSender implements SenderHandler {
  readonly #annotations: Uint8Array;
  readonly #waiting = new Map<string, boolean>();
  #link: SenderLink | undefined;

  /** @param annotations section in front of each message */
  constructor(annotations: Uint8Array) {
    this.#annotations = annotations;
  }

  tell(key: string, reachable: boolean): void {
    this.#waiting.set(key, reachable);
    this.#send();
  }

  /** The edge router asks about the address no more. */
  forget(key: string): void {
    this.#waiting.delete(key);
  }

  onCredit(link: SenderLink): void {
    this.#link = link;
    this.#send();
  }

  onDetached(): void {
    this.#link = undefined;
  }

  #send(): void {
    const link = this.#link;
    if (link === undefined) return;
    for (const [key, reachable] of this.#waiting) {
      if (link.credit === 0 || link.isBusy) return;
      this.#waiting.delete(key);
      const message = encodeMessage({
        header: { durable: false },
        body: { kind: 'value', value: [key, reachable] },
      });
      link.send(
        Buffer.concat([this.#annotations, message]),
        { settled: false },
        { onPeerState: (delivery, _state, settled) => (settled ? undefined : delivery.settle()) },
      );
    }
  }
}
