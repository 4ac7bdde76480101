/**
 * One connection of this edge router to an interior router: the links that an uplink consists of.
 * Links of addresses come and go with their consumers and producers here.
 * @spec router-protocol 8
 */
import {
  type AmqpValue,
  type Connection,
  decodeMessage,
  encodeMessage,
  MessageCollector,
  accepted,
  type PeerAttach,
  type ReceiverAcceptance,
  type Refusal,
  type SenderHandler,
  type Session,
  type SessionAcceptance,
  type SessionHandler,
  type Terminus,
} from '#amqp/index.ts';
import { type InboundDestination, LinkInbound } from '../link/link-inbound.ts';
import { MessageSender } from '../link/message-sender.ts';
import { StreamLinks, streamWindowFrames, termini } from '../link/stream-links.ts';
import { addressTracking, downlinkCapability, meshDiscoveryAddress } from './edge-names.ts';

export interface UplinkConnectionDeps {
  readonly self: string;
  readonly mesh: string;
  readonly connection: Connection;
  readonly linkName: () => string;
  readonly destination: InboundDestination;
  /** The annotations section of this router's own messages. */
  readonly annotations: Uint8Array;
  /** The interior router says whether an address can be reached. */
  readonly onTracking: (key: string, reachable: boolean) => void;
}

const trackingCredit = 32;
const trackingMessageBytesMax = 8192;
/** Most streaming links that we open. */
const streamLinksMax = 30_000;

interface AddressLink {
  detach(): void;
}

export class UplinkConnection implements SessionHandler {
  readonly messages = new MessageSender();
  readonly streams: StreamLinks;
  readonly #deps: UplinkConnectionDeps;
  readonly #endpoints: Session;
  readonly #consumers = new Map<string, AddressLink>();
  readonly #producers = new Map<string, AddressLink>();

  constructor(deps: UplinkConnectionDeps) {
    this.#deps = deps;
    this.streams = new StreamLinks(deps, { capability: undefined, linksMax: streamLinksMax });
    const core = deps.connection.beginSession({}, { incomingWindowFrames: streamWindowFrames });
    this.#endpoints = deps.connection.beginSession(this, {
      incomingWindowFrames: streamWindowFrames,
    });
    this.#announceMesh(core);
    this.#endpoints.attachSender(deps.linkName(), termini(undefined), {
      onCredit: (link) => this.messages.onCredit(link),
      onDetached: () => this.messages.onDetached(),
    });
    const { source, target } = termini(downlinkCapability);
    this.#receive({ source: { ...source, address: deps.self }, target });
    this.#track(core);
  }

  onClosed(): void {
    this.messages.onDetached();
  }

  /** The interior router opens sessions for its streams. */
  onSession(): SessionAcceptance {
    return { handler: this, options: { incomingWindowFrames: streamWindowFrames } };
  }

  onPeerSender(_session: Session, _attach: PeerAttach): ReceiverAcceptance {
    return {
      handler: {
        onDelivery: (_link, delivery) => new LinkInbound(this.#deps.destination, delivery, false),
        onDetached: ({ session }) => {
          const own = session === this.#endpoints;
          if (!own && session.linkCount === 0 && !session.isEnded) session.end();
        },
      },
    };
  }

  onPeerReceiver(): Refusal {
    return {
      refuse: {
        condition: 'amqp:not-allowed',
        description: 'an edge router asks, it is not asked',
      },
    };
  }

  /** There are consumers of an address here. */
  addConsumer(name: string): void {
    if (this.#consumers.has(name) || this.#endpoints.isEnded) return;
    const { source, target } = termini(undefined);
    this.#consumers.set(name, this.#receive({ source: { ...source, address: name }, target }));
  }

  removeConsumer(name: string): void {
    this.#consumers.get(name)?.detach();
    this.#consumers.delete(name);
  }

  /** There are producers of an address here: the interior router begins to track it. */
  addProducer(name: string): void {
    if (this.#producers.has(name) || this.#endpoints.isEnded) return;
    const { source, target } = termini(undefined);
    const link = this.#endpoints.attachSender(
      this.#deps.linkName(),
      { source, target: { ...target, address: name } },
      {},
    );
    this.#producers.set(name, link);
  }

  removeProducer(name: string): void {
    this.#producers.get(name)?.detach();
    this.#producers.delete(name);
  }

  #receive(options: { readonly source: Terminus; readonly target: Terminus }): AddressLink {
    return this.#endpoints.attachReceiver(this.#deps.linkName(), options, {
      onDelivery: (link, delivery) =>
        new LinkInbound(this.#deps.destination, delivery, false, link.source?.address),
    });
  }

  #announceMesh(core: Session): void {
    const { source, target } = termini(undefined);
    let told = false;
    const handler: SenderHandler = {
      onCredit: (link) => {
        if (told) return;
        told = true;
        const message = encodeMessage({ applicationProperties: { meshid: this.#deps.mesh } });
        link.send(Buffer.concat([this.#deps.annotations, message]), { settled: false });
      },
    };
    core.attachSender(
      this.#deps.linkName(),
      { source, target: { ...target, address: meshDiscoveryAddress } },
      handler,
    );
  }

  #track(core: Session): void {
    const { source, target } = termini(undefined);
    core.attachReceiver(
      this.#deps.linkName(),
      { source: { ...source, address: addressTracking }, target, creditWindow: trackingCredit },
      {
        onDelivery: () =>
          new MessageCollector(trackingMessageBytesMax, (delivery, bytes) => {
            const told = readTracking(bytes);
            if (told !== undefined) this.#deps.onTracking(...told);
            delivery.update(accepted, true);
          }),
      },
    );
  }
}

/** Key and reachability; undefined when it cannot be read. */
function readTracking(bytes: Uint8Array): [string, boolean] | undefined {
  let value: AmqpValue = null;
  try {
    const { body } = decodeMessage(bytes);
    if (body?.kind === 'value') value = body.value;
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [key, reachable] = value as readonly AmqpValue[];
  return typeof key === 'string' && typeof reachable === 'boolean' ? [key, reachable] : undefined;
}
