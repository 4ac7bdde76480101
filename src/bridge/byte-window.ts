/**
 * The byte window of a stream: the producer stops when it is too far ahead of what the consumer has
 * written to its socket; the consumer reports in steps. It is the only brake of a single stream, as
 * all streams share the connections between routers.
 */

/** Most octets a producer sends ahead of the last report. @spec router-protocol 7.5 */
export const windowBytesMax = 1_042_432;
/** A consumer reports at least this often; smaller than half of what the producer allows. */
export const reportStepBytes = 262_144;
/**
 * Octets a consumer keeps for a socket that does not take them before it gives the stream up: room
 * for a full window and for frames that were on their way, never reached by a peer that obeys.
 */
export const pendingBytesMax = 2 * windowBytesMax;

/** The producer's half. */
export class SendWindow {
  #sent = 0;
  #reported = 0;
  #lifted = false;

  get sent(): number {
    return this.#sent;
  }

  get open(): boolean {
    return this.#lifted || this.#sent - this.#reported < windowBytesMax;
  }

  onSent(bytes: number): void {
    this.#sent += bytes;
  }

  /** @param octets cumulative; anything not above the last report is ignored */
  onReport(octets: number): void {
    if (octets > this.#reported) this.#reported = Math.min(octets, this.#sent);
  }

  /** The consumer is done with the stream and reports no more. */
  lift(): void {
    this.#lifted = true;
  }
}

/** The consumer's half. */
export class ReceiveWindow {
  #received = 0;
  #reported = 0;

  get received(): number {
    return this.#received;
  }

  onReceived(bytes: number): void {
    this.#received += bytes;
  }

  /**
   * @param pending octets that the socket has not taken yet
   * @returns the total to report now, or 0 when a report is not due
   */
  dueReport(pending: number): number {
    const written = this.#received - pending;
    if (written - this.#reported < reportStepBytes) return 0;
    this.#reported = written;
    return written;
  }
}
