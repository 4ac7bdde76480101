/** A link by which an edge router sends to one address: it has credit only while that is reachable. */
import type {
  IncomingDelivery,
  IncomingHandler,
  ReceiverHandler,
  ReceiverLink,
} from '#amqp/index.ts';
import { creditWindow, type InboundDestination, LinkInbound } from '../link/link-inbound.ts';

export class ProducerLink implements ReceiverHandler {
  readonly #destination: InboundDestination;
  readonly #address: string;
  readonly #onDetached: () => void;
  #link: ReceiverLink | undefined;
  #reachable = false;

  constructor(destination: InboundDestination, address: string, onDetached: () => void) {
    this.#destination = destination;
    this.#address = address;
    this.#onDetached = onDetached;
  }

  onDetached(): void {
    this.#onDetached();
  }

  onAttached(link: ReceiverLink): void {
    this.#link = link;
    this.#grant();
  }

  onReachable(reachable: boolean): void {
    this.#reachable = reachable;
    this.#grant();
  }

  onDelivery(_link: ReceiverLink, delivery: IncomingDelivery): IncomingHandler {
    this.#grant();
    return new LinkInbound(this.#destination, delivery, false, this.#address);
  }

  /** Tops up at half. */
  #grant(): void {
    const link = this.#link;
    if (!this.#reachable || link === undefined || link.isDetached) return;
    if (link.credit <= creditWindow / 2) link.grant(creditWindow);
  }
}
