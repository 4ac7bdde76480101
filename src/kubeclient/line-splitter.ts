/** Cuts a byte stream into lines, however the bytes arrive, with a limit on one line. */
import { KubeClientError } from './errors.ts';

const newline = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(bytesMax: number, onLine: (line: string) => void) {
    this.#bytesMax = bytesMax;
    this.#onLine = onLine;
  }

  /** @throws KubeClientError KUBE_PROTOCOL when a line is too long; whatever the line handler throws */
  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) break;
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(this.#pending, this.#pendingBytes).toString('utf8');
      this.#pending = [];
      this.#pendingBytes = 0;
      if (line !== '') this.#onLine(line);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#bytesMax) {
      throw new KubeClientError('KUBE_PROTOCOL', `a watch line exceeds ${this.#bytesMax} bytes`);
    }
    this.#pending.push(part);
  }
}
