/**
 * Signs of life of a child that may hang without ending: it writes to a descriptor of its own each
 * second, from its event loop. A connect would not do: the kernel accepts for a process that hangs.
 */
import type { Readable } from 'node:stream';
import { pause } from './pause.ts';

/** The descriptor that a child with a heartbeat writes to. */
export const heartbeatFd = 3;

/**
 * In so many parts the silence is counted, each without a beat. One long wait would not do: after
 * a pause of our own (a stopped process, a busy machine) timers fire before what was sent meanwhile
 * is read.
 */
const parts = 5;

/** Listens to the beats of one child. */
export class Heartbeat {
  #beats = 0;

  constructor(stream: Readable) {
    stream.on('data', () => this.#beats++);
    // The end of the child is told by its exit.
    stream.on('error', () => undefined);
  }

  /** Resolves true when nothing was heard for `silentMsMax`, false when `ended` comes first. */
  async silence(silentMsMax: number, ended: AbortSignal): Promise<boolean> {
    for (let silentParts = 0; silentParts < parts; ) {
      const before = this.#beats;
      await pause(silentMsMax / parts, ended);
      if (ended.aborted) return false;
      silentParts = this.#beats === before ? silentParts + 1 : 0;
    }
    return true;
  }
}
