/**
 * A streaming delivery inside the router. A producer opens a stream towards an address and gets a
 * sink; what the far end says comes back through the producer's feedback. A consumer is the mirror:
 * it is given the feedback and returns the sink. So a local producer and a local consumer are joined
 * by two references, and a link on either side is just another sink or another feedback.
 *
 *   producer --- write / finish / abort ---> sink      (bytes of the message, then raw octets)
 *   producer <-- progress / outcome / unblocked --- feedback
 */

/** How a delivery ended at its destination. */
export type Outcome = 'accepted' | 'rejected' | 'released' | 'modified';

/** Flags of the router annotations. @spec router-protocol 4.1 */
export const MessageFlag = {
  /** Forward before complete. */
  streaming: 0x01,
  /** Every router may try another path after `released`. */
  resendReleased: 0x02,
  /** Routers between must not hold it back: it has a window of its own. */
  unpaced: 0x04,
} as const;

/** What travels in front of a message between routers; never changed by a consumer. */
export interface MessageRoute {
  readonly flags: number;
  /** The address it goes to, as text. */
  readonly to: string;
  /** Set when `to` must replace the address in the message's own properties. */
  readonly toOverride: string | null;
  /** First interior router, `0/<id>`; null when that is this router. */
  readonly ingress: string | null;
  /** Interior routers passed so far, without this one. */
  readonly trace: readonly string[];
  readonly mesh: string | null;
}

/** Where the bytes of one stream go. Calls after `finish` or `abort` are ignored. */
export interface StreamSink {
  /** `bytes` are owned by the sink from now on: message sections first, then raw octets. */
  write(bytes: Uint8Array): void;
  /** The stream is complete. @param settled true when no outcome is wanted any more */
  finish(settled: boolean): void;
  /** The stream breaks off here. */
  abort(): void;
  /** True while the producer should not write; `onUnblocked` tells when that is over. */
  readonly blocked: boolean;
}

/** What the far end of a stream tells its producer. */
export interface StreamFeedback {
  /** `octets` of payload have been written to their destination; cumulative. */
  onProgress(octets: number): void;
  /**
   * The destination is done with the stream. Anything but `accepted` before `finish` means that the
   * producer should stop and finish (settled).
   */
  onOutcome(outcome: Outcome, settled: boolean): void;
  onUnblocked(): void;
}

/** Takes streams and whole messages that are addressed to it. */
export interface StreamConsumer {
  /** @returns the sink for this stream's bytes */
  onStream(route: MessageRoute, feedback: StreamFeedback): StreamSink;
}

/** Something that can be taken back. Idempotent. */
export interface Registration {
  remove(): void;
}

/** What a producer or consumer inside this process needs from the router. */
export interface StreamRouter {
  /** @returns undefined when nothing takes streams at that address */
  openStream(route: MessageRoute, feedback: StreamFeedback): StreamSink | undefined;
  /** A fresh reply address of this router, `amqp:/_topo/0/<id>/temp.<15>`. */
  addTemporary(consumer: StreamConsumer): Registration & { readonly address: string };
  /** Publishes a mobile address with a local consumer. */
  addConsumer(address: string, consumer: StreamConsumer): Registration;
  /** Counts a local producer of a mobile address and tells whether a destination is reachable. */
  addProducer(address: string, onReachable: (reachable: boolean) => void): Registration;
}
