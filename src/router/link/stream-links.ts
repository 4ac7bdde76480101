/**
 * The streaming links of one connection that we send on: each has a session of its own, carries one
 * stream after another and rests in a pool between them. The peer's are theirs to manage.
 *
 *   open() --idle link--> carry --last frame--> idle
 *          \--none-----> attach --credit--> carry
 */
import type { Connection, EndReason, SenderLink, Terminus } from '#amqp/index.ts';
import type { StreamFeedback, StreamSink } from '../stream.ts';
import { LinkSink } from './link-sink.ts';

/** Idle links beyond this number are detached by `scrub`. @spec router-protocol 3.3 */
export const idleLinksMax = 128;
/** Frames a peer may send in a streaming session before we renew its window. */
export const streamWindowFrames = 8192;

export interface StreamLinksDeps {
  readonly connection: Connection;
  readonly linkName: () => string;
}

export interface StreamLinksOptions {
  /** Streaming links of control connections carry `qd.router-data`, others none. */
  readonly capability: string | undefined;
  /** Most links at one time; further streams are released. */
  readonly linksMax: number;
}

export class StreamLinks {
  readonly #deps: StreamLinksDeps;
  readonly #options: StreamLinksOptions;
  readonly #idle: SenderLink[] = [];
  #links = 0;
  #busy = 0;

  constructor(deps: StreamLinksDeps, options: StreamLinksOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Streams that have a link or wait for one. */
  get busy(): number {
    return this.#busy;
  }

  open(feedback: StreamFeedback): StreamSink {
    this.#busy++;
    const sink = new LinkSink(feedback, (link) => this.#onIdle(link));
    for (let link = this.#idle.pop(); link !== undefined; link = this.#idle.pop()) {
      if (link.isDetached) continue;
      if (sink.start(link)) return sink;
      link.session.end();
    }
    if (this.#links >= this.#options.linksMax || !this.#deps.connection.isOpen) {
      this.#busy--;
      queueMicrotask(() => sink.fail());
      return sink;
    }
    this.#attach(sink);
    return sink;
  }

  /** Detaches idle links that are too many. Call every 30 s. */
  scrub(): void {
    while (this.#idle.length > idleLinksMax) {
      const link = this.#idle.shift();
      link?.detach();
      link?.session.end();
    }
  }

  #onIdle(link: SenderLink | undefined): void {
    this.#busy--;
    if (link !== undefined && !link.isDetached) this.#idle.push(link);
  }

  #attach(first: LinkSink): void {
    this.#links++;
    let waiting: LinkSink | undefined = first;
    const session = this.#deps.connection.beginSession(
      {
        onEnded: () => {
          this.#links--;
          if (waiting !== undefined) this.#lose(waiting);
          waiting = undefined;
        },
      },
      { incomingWindowFrames: streamWindowFrames },
    );
    const terminus = termini(this.#options.capability);
    session.attachSender(this.#deps.linkName(), terminus, {
      onCredit: (link) => {
        const sink = waiting;
        if (sink === undefined) return;
        waiting = undefined;
        if (!sink.start(link)) this.#onIdle(link);
      },
      onDetached: (link, _reason: EndReason) => {
        const at = this.#idle.indexOf(link);
        if (at >= 0) this.#idle.splice(at, 1);
        if (!session.isEnded) session.end();
      },
    });
  }

  #lose(sink: LinkSink): void {
    this.#busy--;
    sink.fail();
  }
}

/** Source and target of router links: anonymous, as the destination is in each message. */
export function termini(capability: string | undefined): { source: Terminus; target: Terminus } {
  const terminus: Terminus = {
    durable: 0,
    expiryPolicy: 'link-detach',
    timeoutSec: 0,
    dynamic: false,
    ...(capability === undefined ? {} : { capabilities: [capability] }),
  };
  return { source: terminus, target: terminus };
}
