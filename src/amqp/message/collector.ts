/** Joins the bytes of one incoming delivery into a whole message, up to a limit. */
import type { IncomingDelivery, IncomingHandler } from '../connection/contract.ts';
import { AmqpConditions } from '../errors.ts';
import { rejected } from '../wire/delivery-state.ts';

/**
 * @param sizeBytesMax larger messages are rejected with `amqp:link:message-size-exceeded`
 * @param onMessage called once with the whole message; not called for aborted or lost ones
 */
export class MessageCollector implements IncomingHandler {
  readonly #sizeBytesMax: number;
  readonly #onMessage: (delivery: IncomingDelivery, bytes: Uint8Array) => void;
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;
  #refused = false;

  constructor(
    sizeBytesMax: number,
    onMessage: (delivery: IncomingDelivery, bytes: Uint8Array) => void,
  ) {
    this.#sizeBytesMax = sizeBytesMax;
    this.#onMessage = onMessage;
  }

  onBytes(delivery: IncomingDelivery, bytes: Uint8Array): void {
    if (this.#refused) return;
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#sizeBytesMax) {
      this.#refused = true;
      this.#parts = [];
      delivery.update(rejected(AmqpConditions.messageSizeExceeded), true);
      return;
    }
    this.#parts.push(bytes);
  }

  onEnd(delivery: IncomingDelivery): void {
    if (this.#refused || delivery.aborted) return;
    const [first] = this.#parts;
    const whole = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#onMessage(delivery, whole);
  }

  onLost(): void {
    this.#refused = true;
    this.#parts = [];
  }
}
