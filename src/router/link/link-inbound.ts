/**
 * A delivery that comes in by a router link. When its address is known it goes on as a stream at
 * once, or, when it is not a stream, as a whole message at its end.
 *
 *   head --streaming--> streaming --end--> done
 *     \---otherwise---> collecting --end--> done
 */
import {
  AmqpConditions,
  accepted,
  type DeliveryState,
  type IncomingDelivery,
  type IncomingHandler,
  type MessageHead,
  MessageHeadReader,
  modified,
  rejected,
  released,
} from '#amqp/index.ts';
import { unreachable } from '#base/assert.ts';
import { messageOf } from '#base/errors.ts';
import { priorityDefault, routeOf, type OnOutcome, type WholeMessage } from '../message.ts';
import {
  MessageFlag,
  type MessageRoute,
  type Outcome,
  type StreamFeedback,
  type StreamSink,
} from '../stream.ts';

/** Largest message that is not a stream. */
export const messageBytesMax = 4 * 1024 * 1024;

/** Deliveries that a router may begin on one link before we renew its credit. */
export const creditWindow = 250;

/** Where deliveries go on. */
export interface InboundDestination {
  openStream(route: MessageRoute, feedback: StreamFeedback): StreamSink | undefined;
  /** @param onOutcome left out when the message came settled */
  dispatch(message: WholeMessage, onOutcome?: OnOutcome): void;
  /** A peer sent something that cannot be read. */
  onInvalid(reason: string): void;
}

export function stateOf(outcome: Outcome): DeliveryState {
  switch (outcome) {
    case 'accepted':
      return accepted;
    case 'released':
      return released;
    case 'modified':
      return modified();
    case 'rejected':
      return rejected(AmqpConditions.preconditionFailed);
    default:
      return unreachable(outcome, 'outcome');
  }
}

export class LinkInbound implements IncomingHandler, StreamFeedback {
  readonly #destination: InboundDestination;
  readonly #delivery: IncomingDelivery;
  readonly #control: boolean;
  readonly #address: string | undefined;
  #reader: MessageHeadReader | undefined = new MessageHeadReader({ until: 'address' });
  #sink: StreamSink | undefined;
  #head: MessageHead | undefined;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #over = false;
  /** Given without settling: the delivery is settled at its end. */
  #outcome: Outcome | undefined;

  /** @param address of the link, for messages that name none */
  constructor(
    destination: InboundDestination,
    delivery: IncomingDelivery,
    control: boolean,
    address?: string,
  ) {
    this.#destination = destination;
    this.#delivery = delivery;
    this.#control = control;
    this.#address = address;
  }

  onBytes(_delivery: IncomingDelivery, bytes: Uint8Array): void {
    if (this.#sink !== undefined) {
      this.#sink.write(bytes);
      return;
    }
    if (this.#over) return;
    if (this.#reader === undefined) this.#collect(bytes);
    else this.#readHead(this.#reader, bytes);
  }

  onEnd(delivery: IncomingDelivery): void {
    if (this.#over) {
      this.#settleLate(delivery);
      return;
    }
    this.#over = true;
    if (this.#sink !== undefined) {
      if (delivery.aborted) this.#sink.abort();
      else this.#sink.finish(delivery.settled);
      this.#settleLate(delivery);
      return;
    }
    if (delivery.aborted) return;
    this.#dispatch(delivery);
  }

  /** The sender settles by itself when it has given the stream up. */
  onPeerState(
    _delivery: IncomingDelivery,
    _state: DeliveryState | undefined,
    settled: boolean,
  ): void {
    if (settled) this.onLost();
  }

  onLost(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts = [];
    this.#sink?.abort();
  }

  onProgress(octets: number): void {
    this.#delivery.update({ kind: 'received', sectionNumber: 0, sectionOffset: octets }, false);
  }

  onOutcome(outcome: Outcome, settled: boolean): void {
    if (this.#delivery.isSettledHere) return;
    const settle = settled || this.#over;
    if (!settle) this.#outcome = outcome;
    this.#delivery.update(stateOf(outcome), settle);
  }

  onUnblocked(): void {
    // The byte window is the only brake of a stream: all streams share the connection it came by.
  }

  #readHead(reader: MessageHeadReader, bytes: Uint8Array): void {
    let head: MessageHead | undefined;
    try {
      head = reader.push(bytes);
    } catch (thrown) {
      this.#refuse(messageOf(thrown));
      return;
    }
    if (head !== undefined) this.#onHead(head);
  }

  #onHead(head: MessageHead): void {
    this.#reader = undefined;
    const route = routeOf(head, this.#address);
    if (route === undefined) {
      this.#refuse('message without an address');
      return;
    }
    const rest = head.bytes.subarray(head.annotationsEnd);
    if ((route.flags & MessageFlag.streaming) === 0 || this.#control) {
      this.#head = head;
      this.#collect(rest);
      return;
    }
    const sink = this.#destination.openStream(route, this);
    if (sink === undefined) {
      this.#over = true;
      this.#outcome = 'released';
      this.#delivery.update(released, false);
      return;
    }
    this.#sink = sink;
    // A skupper-router whose first octets of a stream had to wait for credit may fill its buffer
    // before it listens for that, and then waits for ever; news about the link makes it look again.
    this.#delivery.link.grant(creditWindow);
    if (rest.length > 0) sink.write(rest);
  }

  #collect(bytes: Uint8Array): void {
    this.#partBytes += bytes.length;
    if (this.#partBytes > messageBytesMax) {
      this.#over = true;
      this.#parts = [];
      this.#delivery.update(rejected(AmqpConditions.messageSizeExceeded), true);
      return;
    }
    this.#parts.push(bytes);
  }

  #refuse(reason: string): void {
    this.#over = true;
    this.#reader = undefined;
    this.#destination.onInvalid(reason);
    this.#delivery.update(rejected(AmqpConditions.invalidField, reason), true);
  }

  #dispatch(delivery: IncomingDelivery): void {
    let head = this.#head;
    if (head === undefined && this.#reader !== undefined) {
      try {
        head = this.#reader.finish();
        this.#parts = [head.bytes.subarray(head.annotationsEnd)];
      } catch (thrown) {
        this.#refuse(messageOf(thrown));
        return;
      }
    }
    const route = head === undefined ? undefined : routeOf(head, this.#address);
    if (head === undefined || route === undefined) {
      this.#refuse('message without an address');
      return;
    }
    const [first] = this.#parts;
    const bytes =
      this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#destination.dispatch(
      {
        route,
        bytes,
        priority: head.header?.priority ?? priorityDefault,
        control: this.#control,
      },
      delivery.settled ? undefined : (outcome) => delivery.update(stateOf(outcome), true),
    );
  }

  /** The sender has ended the delivery after its outcome was known: now it is settled. */
  #settleLate(delivery: IncomingDelivery): void {
    if (this.#outcome === undefined || delivery.settled || delivery.aborted) return;
    delivery.update(stateOf(this.#outcome), true);
  }
}
