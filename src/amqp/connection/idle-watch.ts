/**
 * Heartbeats and time-outs of one connection, all driven by `tick`. Reading and writing only
 * leave marks, so that the hot path needs no clock.
 *
 * @spec AMQP-1.0 2.4.5
 */
export interface IdleWatchOptions {
  /** What we asked of the peer; 0 for none. */
  readonly idleTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

export type IdleVerdict = 'fine' | 'sendHeartbeat' | 'peerSilent' | 'handshakeLate' | 'closeLate';

export class IdleWatch {
  readonly #options: IdleWatchOptions;
  #handshakeDueMs = Number.POSITIVE_INFINITY;
  #receiveDueMs = Number.POSITIVE_INFINITY;
  #heartbeatDueMs = Number.POSITIVE_INFINITY;
  #closeDueMs = Number.POSITIVE_INFINITY;
  #heartbeatEveryMs = 0;
  #hasSent = false;
  #lastMs = 0;

  constructor(options: IdleWatchOptions) {
    this.#options = options;
  }

  onStart(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#handshakeDueMs = nowMs + this.#options.handshakeTimeoutMs;
  }

  /** @param peerIdleTimeoutMs what the peer asks of us, 0 for nothing */
  onOpened(peerIdleTimeoutMs: number): void {
    this.#handshakeDueMs = Number.POSITIVE_INFINITY;
    if (peerIdleTimeoutMs > 0) {
      // Checked every third: silence never lasts longer than two thirds.
      this.#heartbeatEveryMs = Math.max(1, peerIdleTimeoutMs / 3);
      this.#heartbeatDueMs = this.#lastMs + this.#heartbeatEveryMs;
    }
    this.onReceived(this.#lastMs);
  }

  onReceived(nowMs: number): void {
    this.#lastMs = nowMs;
    if (this.#options.idleTimeoutMs > 0) {
      this.#receiveDueMs = nowMs + 2 * this.#options.idleTimeoutMs;
    }
  }

  onSent(): void {
    this.#hasSent = true;
  }

  onCloseSent(): void {
    this.#handshakeDueMs = Number.POSITIVE_INFINITY;
    this.#heartbeatDueMs = Number.POSITIVE_INFINITY;
    this.#closeDueMs = this.#lastMs + this.#options.closeTimeoutMs;
  }

  nextDeadlineMs(): number {
    return Math.min(
      this.#handshakeDueMs,
      this.#receiveDueMs,
      this.#heartbeatDueMs,
      this.#closeDueMs,
    );
  }

  tick(nowMs: number): IdleVerdict {
    this.#lastMs = nowMs;
    if (nowMs >= this.#closeDueMs) return 'closeLate';
    if (nowMs >= this.#handshakeDueMs) return 'handshakeLate';
    if (nowMs >= this.#receiveDueMs) return 'peerSilent';
    if (nowMs < this.#heartbeatDueMs) return 'fine';
    this.#heartbeatDueMs = nowMs + this.#heartbeatEveryMs;
    const isQuiet = !this.#hasSent;
    this.#hasSent = false;
    return isQuiet ? 'sendHeartbeat' : 'fine';
  }
}
