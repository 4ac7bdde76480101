/**
 * Joins the writes of one turn of the event loop: a socket is corked at its first write and flushed
 * when all input of the turn has been handled, so that many small frames become one system call.
 */
import type { Socket } from 'node:net';

/** Told after its socket was flushed. */
export interface Flushed {
  readonly socket: Socket;
  onFlushed(): void;
}

export class TurnFlusher {
  #corked: Flushed[] = [];
  readonly #flush = (): void => this.#run();

  /** Corks the socket until the end of this turn. Call once per turn and socket. */
  cork(target: Flushed): void {
    target.socket.cork();
    if (this.#corked.push(target) === 1) setImmediate(this.#flush);
  }

  #run(): void {
    const corked = this.#corked;
    this.#corked = [];
    for (const target of corked) {
      target.socket.uncork();
      target.onFlushed();
    }
  }
}
