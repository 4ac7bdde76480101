/**
 * Everything open that outlives its request's decision, by grant: ended when the time of the grant
 * or session is over, when it is revoked or deleted, and when nobody confirms the grants any more.
 */
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import { GatewayError } from '../errors.ts';
import { RecentEnds } from './recent-ends.ts';

/** Why a stream ends; told to the client where its protocol can. */
export type EndReason =
  | 'expired'
  | 'revoked'
  | 'left'
  | 'unconfirmed'
  | 'idle'
  | 'stopping'
  | 'viewOnly'
  | 'unrecorded';

/** Whose stream it is. */
export interface StreamOwner {
  /** uid of the grant. */
  readonly grant: string;
  /** Session within it. */
  readonly session: string;
  /** When it was let in; monotonic milliseconds. */
  readonly sinceMs: number;
}

export interface OpenStream extends StreamOwner {
  /** When it has to end; milliseconds since 1970. */
  readonly endMs: number;
  /** Ends it now. Called at most once. */
  end(reason: EndReason): void;
}

interface Entry {
  readonly stream: OpenStream;
  timer: NodeJS.Timeout | undefined;
}

export interface StreamLimits {
  /** Streams of one grant on this replica. */
  readonly perGrantMax: number;
  readonly allMax: number;
}

export const defaultStreamLimits: StreamLimits = { perGrantMax: 64, allMax: 4096 };

/** Longest time a timer of Node can wait. */
const timerMsMax = 2 ** 31 - 1;

export class StreamRegistry implements Running {
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #byGrant = new Map<string, Set<Entry>>();
  readonly #over = new RecentEnds();
  #size = 0;

  constructor(clock: Clock, limits: StreamLimits = defaultStreamLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Takes a stream under watch.
   * @returns call it when the stream has ended by itself
   * @throws GatewayError GATEWAY_BUSY; GATEWAY_CREDENTIAL when its grant or session was ended since
   *   it was let in
   */
  add(stream: OpenStream): () => void {
    this.refuseEnded(stream);
    const streams = this.#byGrant.get(stream.grant) ?? new Set<Entry>();
    if (streams.size >= this.#limits.perGrantMax || this.#size >= this.#limits.allMax) {
      throw new GatewayError('GATEWAY_BUSY', 'too many streams are open', {
        retry: { afterMs: 5000 },
      });
    }
    const entry: Entry = { stream, timer: undefined };
    this.#byGrant.set(stream.grant, streams.add(entry));
    this.#size++;
    this.#arm(entry);
    return () => {
      this.#drop(entry);
    };
  }

  /** @throws GatewayError GATEWAY_CREDENTIAL when it was ended while the API server took its time */
  refuseEnded({ grant, session, sinceMs }: StreamOwner): void {
    if (!this.#over.hasSince(grant, session, sinceMs)) return;
    throw new GatewayError('GATEWAY_CREDENTIAL', 'the grant or session was ended meanwhile');
  }

  /** Ends the streams of a grant, or of one of its sessions, and those that are about to open. */
  endOf(grant: string, reason: EndReason, session?: string): void {
    this.#over.note(grant, session, this.#clock.monotonicMs());
    for (const entry of this.#byGrant.get(grant) ?? []) {
      if (session === undefined || entry.stream.session === session) this.#end(entry, reason);
    }
  }

  endAll(reason: EndReason): void {
    for (const streams of this.#byGrant.values()) {
      for (const entry of streams) this.#end(entry, reason);
    }
  }

  async stop(): Promise<void> {
    this.endAll('stopping');
  }

  #arm(entry: Entry): void {
    const leftMs = entry.stream.endMs - this.#clock.nowMs();
    entry.timer = setTimeout(
      () => {
        if (this.#clock.nowMs() >= entry.stream.endMs) this.#end(entry, 'expired');
        else this.#arm(entry);
      },
      Math.max(0, Math.min(leftMs, timerMsMax)),
    );
    entry.timer.unref();
  }

  #end(entry: Entry, reason: EndReason): void {
    if (this.#drop(entry)) entry.stream.end(reason);
  }

  /** @returns false when it was dropped before */
  #drop(entry: Entry): boolean {
    const streams = this.#byGrant.get(entry.stream.grant);
    if (streams?.delete(entry) !== true) return false;
    clearTimeout(entry.timer);
    this.#size--;
    if (streams.size === 0) this.#byGrant.delete(entry.stream.grant);
    return true;
  }
}

const texts: Readonly<Record<EndReason, string>> = {
  expired: 'the time of the grant is over',
  revoked: 'the grant was revoked',
  left: 'the session was ended',
  unconfirmed: 'the grants could not be confirmed',
  idle: 'nothing was sent for too long',
  stopping: 'the gateway stops',
  viewOnly: 'the screen is for looking only',
  unrecorded: 'the recording cannot go on',
};

/** The reason for people; short enough for a WebSocket close frame. */
export function endText(reason: EndReason): string {
  return texts[reason];
}
