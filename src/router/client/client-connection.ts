/**
 * A connection of a client: it sends to addresses (or anonymously) and receives from addresses of
 * its choice or from a reply address that we make up. Router annotations stay on our side.
 */
import {
  AmqpConditions,
  type Connection,
  type ConnectionHandler,
  MessageCollector,
  MessageHeadReader,
  type PeerAttach,
  type ReceiverAcceptance,
  type Refusal,
  rejected,
  released,
  type SenderAcceptance,
  type SessionHandler,
} from '#amqp/index.ts';
import { messageOf } from '#base/errors.ts';
import { addressPath, parseAddress } from '#routing/index.ts';
import type { LocalConsumer } from '../address-table.ts';
import { messageBytesMax, stateOf } from '../link/link-inbound.ts';
import { MessageSender } from '../link/message-sender.ts';
import {
  type MessageConsumer,
  messageRoute,
  type OnOutcome,
  priorityDefault,
  type WholeMessage,
} from '../message.ts';
import type { Registration } from '../stream.ts';

/** Most links of one client. */
export const clientLinksMax = 512;
/** Longest address that a client may use, characters. */
export const addressLengthMax = 1024;

/** What clients reach of the router. */
export interface ClientGateway {
  readonly self: string;
  dispatch(message: WholeMessage, onOutcome: OnOutcome | undefined): void;
  addTemporary(consumer: LocalConsumer): Registration & { readonly address: string };
  addConsumer(name: string, consumer: LocalConsumer): Registration;
  addProducer(name: string): Registration;
}

export function clientConnection(gateway: ClientGateway): ConnectionHandler {
  const client = new ClientConnection(gateway);
  return {
    onOpened: () => undefined,
    onSession: (_connection: Connection) => ({ handler: client }),
    onClosed: () => client.onClosed(),
  };
}

class ClientConnection implements SessionHandler {
  readonly #gateway: ClientGateway;
  readonly #registrations = new Set<Registration>();
  #links = 0;

  constructor(gateway: ClientGateway) {
    this.#gateway = gateway;
  }

  onClosed(): void {
    for (const registration of this.#registrations) registration.remove();
    this.#registrations.clear();
  }

  /** The client wants to receive. */
  onPeerReceiver(_session: unknown, attach: PeerAttach): SenderAcceptance | Refusal {
    const refusal = this.#refusal(attach.source?.address);
    if (refusal !== undefined) return refusal;
    const sender = new MessageSender();
    const consumer: LocalConsumer = { message: new ClientConsumer(sender) };
    if (attach.source?.dynamic === true) {
      const temporary = this.#gateway.addTemporary(consumer);
      return this.#accept(sender, temporary, {
        source: { ...attach.source, dynamic: true, address: temporary.address },
      });
    }
    const address = attach.source?.address;
    if (address === undefined || parseAddress(address, this.#gateway.self).kind !== 'mobile') {
      return notAllowed('receive from a dynamic or a mobile address');
    }
    return this.#accept(sender, this.#gateway.addConsumer(addressPath(address), consumer), {});
  }

  /** The client wants to send. */
  onPeerSender(_session: unknown, attach: PeerAttach): ReceiverAcceptance | Refusal {
    const address = attach.target?.address;
    const refusal = this.#refusal(address);
    if (refusal !== undefined) return refusal;
    const registration =
      address !== undefined && parseAddress(address, this.#gateway.self).kind === 'mobile'
        ? this.#keep(this.#gateway.addProducer(addressPath(address)))
        : undefined;
    this.#links++;
    return {
      handler: {
        onDelivery: (_link, _delivery) =>
          new MessageCollector(messageBytesMax, (delivery, bytes) => {
            const message = readMessage(bytes, address);
            if (typeof message === 'string') {
              delivery.update(rejected(AmqpConditions.preconditionFailed, message), true);
              return;
            }
            this.#gateway.dispatch(
              message,
              delivery.settled
                ? undefined
                : (outcome) =>
                    delivery.update(outcome === 'released' ? released : stateOf(outcome), true),
            );
          }),
        onDetached: () => {
          this.#links--;
          this.#drop(registration);
        },
      },
    };
  }

  #accept(
    sender: MessageSender,
    registration: Registration,
    options: SenderAcceptance['options'],
  ): SenderAcceptance {
    this.#keep(registration);
    this.#links++;
    return {
      options,
      handler: {
        onCredit: (link) => sender.onCredit(link),
        onDetached: () => {
          this.#links--;
          sender.onDetached();
          this.#drop(registration);
        },
      },
    };
  }

  #refusal(address: string | undefined): Refusal | undefined {
    if (this.#links >= clientLinksMax) {
      return {
        refuse: { condition: AmqpConditions.resourceLimitExceeded, description: 'too many links' },
      };
    }
    if (address !== undefined && address.length > addressLengthMax) {
      return notAllowed('the address is too long');
    }
    return undefined;
  }

  #keep(registration: Registration): Registration {
    this.#registrations.add(registration);
    return registration;
  }

  #drop(registration: Registration | undefined): void {
    if (registration === undefined) return;
    registration.remove();
    this.#registrations.delete(registration);
  }
}

class ClientConsumer implements MessageConsumer {
  readonly #sender: MessageSender;

  constructor(sender: MessageSender) {
    this.#sender = sender;
  }

  onMessage(message: WholeMessage, onOutcome: OnOutcome | undefined): void {
    this.#sender.send(message.bytes, onOutcome);
  }
}

/** A client's message, or why it cannot be taken. */
function readMessage(bytes: Uint8Array, address: string | undefined): WholeMessage | string {
  try {
    const reader = new MessageHeadReader({ until: 'address' });
    const head = reader.push(bytes) ?? reader.finish();
    if (head.routerAnnotations !== undefined) return 'router annotations from a client';
    const to = address ?? head.properties?.to;
    if (to === undefined || to.length > addressLengthMax) return 'message without an address';
    return {
      route: messageRoute(to, address ?? null),
      bytes,
      priority: head.header?.priority ?? priorityDefault,
      control: false,
    };
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function notAllowed(description: string): Refusal {
  return { refuse: { condition: AmqpConditions.notAllowed, description } };
}
