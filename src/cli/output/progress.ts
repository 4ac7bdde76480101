/**
 * What a verb says while it waits, on standard error: one line with a spinner on a terminal, a line
 * for each change anywhere else. Standard output stays free for the document.
 */
import type { CliIo } from '../io.ts';
import { oneLine } from './table.ts';

/** Says what is waited for, from when it takes longer than a moment. */
export interface Progress {
  /** What is waited for now; the same line again changes nothing. */
  say(line: string): void;
  /** Takes the spinner away. */
  end(): void;
}

/** Waiting for less than this is not worth a word; milliseconds. */
const silentMs = 1000;
const frameMs = 100;
const frames = ['|', '/', '-', '\\'] as const;
const columnsDefault = 80;
const eraseLine = '\r\u001B[K';

/** The progress of one verb. */
export function progressOn(io: Pick<CliIo, 'stderr' | 'interactive' | 'columns'>): Progress {
  return io.interactive === true ? new Spinner(io) : new Lines(io);
}

class Lines implements Progress {
  readonly #io: Pick<CliIo, 'stderr'>;
  readonly #startMs = performance.now();
  #told = '';

  constructor(io: Pick<CliIo, 'stderr'>) {
    this.#io = io;
  }

  say(line: string): void {
    if (line === this.#told || performance.now() - this.#startMs < silentMs) return;
    this.#told = line;
    this.#io.stderr.write(`${oneLine(line)}\n`);
  }

  end(): void {
    this.#told = '';
  }
}

class Spinner implements Progress {
  readonly #io: Pick<CliIo, 'stderr' | 'columns'>;
  readonly #startMs = performance.now();
  #line = '';
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(io: Pick<CliIo, 'stderr' | 'columns'>) {
    this.#io = io;
  }

  say(line: string): void {
    this.#line = oneLine(line);
    this.#timer ??= setInterval(() => this.#draw(), frameMs);
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#frame > 0) this.#io.stderr.write(eraseLine);
    this.#frame = 0;
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#startMs;
    if (elapsedMs < silentMs) return;
    const sign = frames[this.#frame++ % frames.length] ?? '';
    const text = `${sign} ${this.#line} (${Math.floor(elapsedMs / 1000)}s)`;
    const width = (this.#io.columns ?? columnsDefault) - 1;
    this.#io.stderr.write(`${eraseLine}${text.slice(0, Math.max(1, width))}`);
  }
}
