/** Tells whoever started this process that its event loop turns. */
import { Socket } from 'node:net';

/** Between two beats; milliseconds. */
const beatMs = 1000;

/**
 * Writes a byte each second, for as long as the process lives.
 * @param fd an open pipe or socket
 */
export function startHeartbeat(fd: number): void {
  const pipe = new Socket({ fd, readable: false, writable: true });
  pipe.unref();
  // Nobody listens any more: whoever does not hear us decides what that means.
  pipe.on('error', () => undefined);
  const beat = (): void => {
    if (pipe.writable && pipe.writableLength === 0) pipe.write('.');
  };
  beat();
  setInterval(beat, beatMs).unref();
}
