/**
 * The connection of an edge router to this interior one. The edge attaches a link for every address
 * that it offers or uses, and it is told which of those it uses are reachable.
 *
 *   sender to mesh discovery ---> its mesh              receiver of its id ---> H<edge>
 *   sender without address   ---> messages, streams     receiver of X      ---> consumer of X
 *   sender to X              ---> producer of X         receiver of tracking <--- X reachable or not
 */
import {
  AmqpConditions,
  type Connection,
  decodeMessage,
  MessageCollector,
  type PeerAttach,
  type ReceiverAcceptance,
  accepted,
  type Refusal,
  type SenderAcceptance,
  type SessionHandler,
} from '#amqp/index.ts';
import { messageOf } from '#base/errors.ts';
import {
  addressPath,
  type ConnectionId,
  edgeKey,
  mobileKey,
  parseAddress,
} from '#routing/index.ts';
import type { LocalConsumer } from '../address-table.ts';
import type { EdgeSide } from './edge-side.ts';
import { type InboundDestination, LinkInbound } from '../link/link-inbound.ts';
import { MessageSender } from '../link/message-sender.ts';
import { StreamLinks } from '../link/stream-links.ts';
import type { MessageRoute, Registration } from '../stream.ts';
import { edgeConsumer } from './edge-consumer.ts';
import {
  addressTracking,
  downlinkCapability,
  edgeAddressLengthMax,
  edgeLinksMax,
  meshDiscoveryAddress,
} from './edge-names.ts';
import { ProducerLink } from './producer-link.ts';
import { TrackingSender } from './tracking-sender.ts';

/** What edge routers reach of this one. */
export interface EdgeGateway {
  readonly self: string;
  readonly linkName: () => string;
  /** The annotations section for the next hop. */
  readonly annotate: (route: MessageRoute) => Uint8Array;
  readonly destination: (from: ConnectionId) => InboundDestination;
  addConsumer(key: string, consumer: LocalConsumer): Registration;
  addProducer(
    name: string,
    onReachable: (reachable: boolean) => void,
    side: EdgeSide,
  ): Registration;
  onMeshKnown(side: EdgeSide): void;
  /** An edge router sent something that cannot be read. */
  onInvalid(reason: string): void;
}

/** Streaming links that we open to one edge router. */
const streamLinksMax = 30_000;
/** Largest message about a mesh, bytes. */
const meshMessageBytesMax = 4096;
const meshIdMax = 64;
const meshCredit = 3;

export class EdgeConnection implements SessionHandler, EdgeSide {
  readonly name: string;
  readonly connection: ConnectionId;
  mesh: string | null = null;
  readonly #gateway: EdgeGateway;
  readonly #streams: StreamLinks;
  readonly #destination: InboundDestination;
  readonly #tracking: TrackingSender;
  readonly #registrations = new Set<Registration>();
  #links = 0;

  constructor(gateway: EdgeGateway, id: ConnectionId, connection: Connection, name: string) {
    this.#gateway = gateway;
    this.connection = id;
    this.name = name;
    this.#destination = gateway.destination(id);
    this.#tracking = new TrackingSender(
      gateway.annotate({
        flags: 0,
        to: '',
        toOverride: null,
        ingress: null,
        trace: [],
        mesh: null,
      }),
    );
    this.#streams = new StreamLinks(
      { connection, linkName: gateway.linkName },
      { capability: undefined, linksMax: streamLinksMax },
    );
  }

  onClosed(): void {
    for (const registration of this.#registrations) registration.remove();
    this.#registrations.clear();
  }

  /** The edge wants to send. */
  onPeerSender(_session: unknown, attach: PeerAttach): ReceiverAcceptance | Refusal {
    const address = attach.target?.address;
    const refusal = this.#refusal(address);
    if (refusal !== undefined) return refusal;
    if (address === undefined) return this.#anonymous();
    if (address === meshDiscoveryAddress) return this.#meshDiscovery();
    const name = this.#mobileName(address);
    return name === undefined ? notAllowed(`send to ${address}`) : this.#producer(name);
  }

  /** The edge wants to receive. */
  onPeerReceiver(_session: unknown, attach: PeerAttach): SenderAcceptance | Refusal {
    const address = attach.source?.address;
    const refusal = this.#refusal(address);
    if (refusal !== undefined) return refusal;
    if (address === addressTracking) return { handler: this.#tracking };
    if (attach.source?.capabilities?.includes(downlinkCapability) === true) {
      return address === this.name
        ? this.#consumer(edgeKey(this.name))
        : notAllowed('a downlink for another router');
    }
    const name = address === undefined ? undefined : this.#mobileName(address);
    return name === undefined
      ? notAllowed('receive from a mobile address')
      : this.#consumer(mobileKey(name));
  }

  #refusal(address: string | undefined): Refusal | undefined {
    if (this.#links >= edgeLinksMax) {
      return {
        refuse: { condition: AmqpConditions.resourceLimitExceeded, description: 'too many links' },
      };
    }
    return address !== undefined && address.length > edgeAddressLengthMax
      ? notAllowed('the address is too long')
      : undefined;
  }

  #mobileName(address: string): string | undefined {
    const { kind } = parseAddress(address, this.#gateway.self);
    return kind === 'mobile' ? addressPath(address) : undefined;
  }

  /** Messages and streams to wherever each one says. */
  #anonymous(): ReceiverAcceptance {
    return {
      handler: {
        onDelivery: (_link, delivery) => new LinkInbound(this.#destination, delivery, false),
        onDetached: ({ session }) => {
          if (session.linkCount === 0 && !session.isEnded) session.end();
        },
      },
    };
  }

  #meshDiscovery(): ReceiverAcceptance {
    return {
      options: { creditWindow: meshCredit },
      handler: {
        onDelivery: () =>
          new MessageCollector(meshMessageBytesMax, (delivery, bytes) => {
            this.#onMesh(bytes);
            delivery.update(accepted, true);
          }),
      },
    };
  }

  #onMesh(bytes: Uint8Array): void {
    try {
      const mesh = decodeMessage(bytes).applicationProperties?.get('meshid');
      if (typeof mesh !== 'string' || mesh === '' || mesh.length > meshIdMax) return;
      if (this.mesh === mesh) return;
      this.mesh = mesh;
      this.#gateway.onMeshKnown(this);
    } catch (thrown) {
      this.#gateway.onInvalid(messageOf(thrown));
    }
  }

  #producer(name: string): ReceiverAcceptance {
    const key = mobileKey(name);
    const link = new ProducerLink(this.#destination, name, () => {
      this.#links--;
      this.#drop(registration);
      this.#tracking.forget(key);
    });
    const registration = this.#keep(
      this.#gateway.addProducer(
        name,
        (reachable) => {
          link.onReachable(reachable);
          this.#tracking.tell(key, reachable);
        },
        this,
      ),
    );
    this.#links++;
    return { handler: link, options: { creditWindow: 0 } };
  }

  #consumer(key: string): SenderAcceptance {
    const sender = new MessageSender();
    const { annotate } = this.#gateway;
    const parts = { streams: this.#streams, sender, annotate };
    const registration = this.#keep(
      this.#gateway.addConsumer(key, { ...edgeConsumer(parts), side: this }),
    );
    this.#links++;
    return {
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

  /** Detaches idle streaming links that are too many. */
  scrub(): void {
    this.#streams.scrub();
  }

  #keep(registration: Registration): Registration {
    this.#registrations.add(registration);
    return registration;
  }

  #drop(registration: Registration): void {
    registration.remove();
    this.#registrations.delete(registration);
  }
}

function notAllowed(description: string): Refusal {
  return { refuse: { condition: AmqpConditions.notAllowed, description } };
}
