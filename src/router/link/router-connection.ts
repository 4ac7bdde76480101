/**
 * One connection to another router. The control connection carries the fixed links (routing
 * messages and whole messages by priority) and streams; a data connection carries streams only.
 *
 *   connector: opens 11 sessions with a receiver and a sender each       listener: mirrors them
 *   channel 0: qd.router     channels 1..10: qd.router-data, priority 0..9 in order of attachment
 */
import type {
  Connection,
  EndReason,
  PeerAttach,
  ReceiverAcceptance,
  ReceiverHandler,
  Refusal,
  SenderAcceptance,
  SenderHandler,
  Session,
  SessionAcceptance,
} from '#amqp/index.ts';
import { priorities } from '../message.ts';
import { type InboundDestination, LinkInbound } from './link-inbound.ts';
import { MessageSender } from './message-sender.ts';
import { StreamLinks, streamWindowFrames, termini } from './stream-links.ts';

export const controlCapability = 'qd.router';
export const dataCapability = 'qd.router-data';

/** What the owner is told. */
export interface RouterConnectionEvents {
  /** The control link can carry messages: the routing protocol may begin. */
  onControlReady(): void;
}

export interface RouterConnectionDeps {
  readonly connection: Connection;
  readonly destination: InboundDestination;
  readonly events: RouterConnectionEvents;
  readonly linkName: () => string;
}

export interface RouterConnectionOptions {
  readonly kind: 'control' | 'data';
  /** Most streaming links that we open on it. */
  readonly streamLinksMax: number;
}

export class RouterConnection {
  readonly streams: StreamLinks;
  readonly control = new MessageSender();
  readonly #deps: RouterConnectionDeps;
  readonly #options: RouterConnectionOptions;
  readonly #byPriority: MessageSender[] = [];
  #controlReady = false;

  constructor(deps: RouterConnectionDeps, options: RouterConnectionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.streams = new StreamLinks(
      { connection: deps.connection, linkName: deps.linkName },
      {
        capability: options.kind === 'control' ? dataCapability : undefined,
        linksMax: options.streamLinksMax,
      },
    );
  }

  /** The link for whole messages of a priority; a missing one is replaced by the next lower. */
  sender(priority: number): MessageSender | undefined {
    return this.#byPriority[Math.min(priority, this.#byPriority.length - 1)];
  }

  /** As connector: opens the fixed links. */
  openFixedLinks(): void {
    for (let channel = 0; channel <= priorities; channel++) {
      const control = channel === 0;
      const session = this.#deps.connection.beginSession(this.#sessionHandler, {
        incomingWindowFrames: streamWindowFrames,
      });
      const terminus = termini(control ? controlCapability : dataCapability);
      session.attachReceiver(this.#deps.linkName(), terminus, this.#receiver(control));
      const sender = control ? this.control : this.#addSender();
      session.attachSender(this.#deps.linkName(), terminus, this.#sender(sender, control));
    }
  }

  onSession(): SessionAcceptance {
    return {
      handler: this.#sessionHandler,
      options: { incomingWindowFrames: streamWindowFrames },
    };
  }

  /** The connection is gone: what waits is released. Links tell their deliveries themselves. */
  onClosed(): void {
    this.control.onDetached();
    for (const sender of this.#byPriority) sender.onDetached();
  }

  readonly #sessionHandler = {
    onPeerSender: (_session: Session, attach: PeerAttach): ReceiverAcceptance => ({
      handler: this.#receiver(hasCapability(attach, controlCapability)),
    }),
    onPeerReceiver: (_session: Session, attach: PeerAttach): SenderAcceptance | Refusal => {
      if (hasCapability(attach, controlCapability)) {
        return { handler: this.#sender(this.control, true) };
      }
      if (hasCapability(attach, dataCapability) && this.#byPriority.length < priorities) {
        return { handler: this.#sender(this.#addSender(), false) };
      }
      return {
        refuse: {
          condition: 'amqp:not-allowed',
          description: 'streaming links are opened by the sender',
        },
      };
    },
  };

  #addSender(): MessageSender {
    const sender = new MessageSender();
    this.#byPriority.push(sender);
    return sender;
  }

  #receiver(control: boolean): ReceiverHandler {
    return {
      onDelivery: (_link, delivery) => new LinkInbound(this.#deps.destination, delivery, control),
      onDetached: (link) => endIdleSession(link.session),
    };
  }

  #sender(sender: MessageSender, control: boolean): SenderHandler {
    return {
      onCredit: (link) => {
        sender.onCredit(link);
        if (!control || this.#controlReady) return;
        this.#controlReady = true;
        this.#deps.events.onControlReady();
      },
      onDetached: (_link, _reason: EndReason) => sender.onDetached(),
    };
  }

  get kind(): 'control' | 'data' {
    return this.#options.kind;
  }
}

/** A peer that detaches a streaming link leaves an empty session behind. */
function endIdleSession(session: Session): void {
  if (session.linkCount === 0 && !session.isEnded) session.end();
}

function hasCapability(attach: PeerAttach, capability: string): boolean {
  const named = (names: readonly string[] | undefined): boolean =>
    names?.includes(capability) ?? false;
  return named(attach.source?.capabilities) || named(attach.target?.capabilities);
}
