/**
 * Terminal sessions as text: a header line, then one line for each thing that happened.
 * @spec asciicast v2
 */
import { StringDecoder } from 'node:string_decoder';

/** Columns and rows. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** What a terminal has until it says otherwise. */
export const sizeDefault: TerminalSize = { width: 80, height: 24 };
const sizeMax = 4096;
const resizeBytesMax = 1024;

export interface AsciicastFacts {
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly title: string;
  /** False: there is no terminal at the other end that turns line feeds into new lines. */
  readonly tty: boolean;
}

/** Turns what goes by into lines; hold no more than the bytes of one unfinished character. */
export class AsciicastEncoder {
  readonly #facts: AsciicastFacts;
  readonly #decoders = new Map<number, StringDecoder>();
  #resize: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(facts: AsciicastFacts) {
    this.#facts = facts;
  }

  /** @param channel 1 or 2 @param atMs since the start @returns lines, may be empty */
  output(channel: number, bytes: Buffer, atMs: number): string {
    const decoder = this.#decoders.get(channel) ?? new StringDecoder('utf8');
    this.#decoders.set(channel, decoder);
    const text = decoder.write(bytes);
    if (text === '') return '';
    const shown = this.#facts.tty ? text : text.replaceAll(/\r?\n/g, '\r\n');
    return this.#begin(sizeDefault) + line(atMs, 'o', shown);
  }

  /** A piece of a resize message. @returns lines, empty while the message goes on or is none */
  resize(bytes: Buffer, last: boolean, atMs: number): string {
    if (this.#resize.length <= resizeBytesMax) this.#resize = Buffer.concat([this.#resize, bytes]);
    if (!last) return '';
    const size = parseSize(this.#resize);
    this.#resize = Buffer.alloc(0);
    if (size === undefined) return '';
    if (!this.#begun) return this.#begin(size);
    return line(atMs, 'r', `${size.width}x${size.height}`);
  }

  /** What is left at the end, and the header when nothing happened. */
  end(atMs: number): string {
    const rest = [...this.#decoders.values()].map((decoder) => decoder.end()).join('');
    return this.#begin(sizeDefault) + (rest === '' ? '' : line(atMs, 'o', rest));
  }

  /** The header waits for the first thing, because that is usually the size. */
  #begin({ width, height }: TerminalSize): string {
    if (this.#begun) return '';
    this.#begun = true;
    const { startMs, title } = this.#facts;
    const timestamp = Math.floor(startMs / 1000);
    const env = { TERM: 'xterm-256color' };
    return `${JSON.stringify({ version: 2, width, height, timestamp, title, env })}\n`;
  }
}

function line(atMs: number, code: string, data: string): string {
  return `${JSON.stringify([Math.round(atMs) / 1000, code, data])}\n`;
}

function parseSize(bytes: Buffer): TerminalSize | undefined {
  try {
    const { Width, Height }: { Width?: unknown; Height?: unknown } = JSON.parse(bytes.toString());
    if (!isSize(Width) || !isSize(Height)) return undefined;
    return { width: Width, height: Height };
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= sizeMax;
}

/** One thing that happened. */
export interface AsciicastEvent {
  /** Since the start. */
  readonly atMs: number;
  readonly code: 'o' | 'r';
  readonly data: string;
}

/** The event of a line; undefined for the header and for what players pass over. */
export function parseEvent(text: string): AsciicastEvent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return undefined;
    const [seconds, code, data]: unknown[] = value;
    if (typeof seconds !== 'number' || typeof data !== 'string') return undefined;
    if (code !== 'o' && code !== 'r') return undefined;
    return { atMs: seconds * 1000, code, data };
  } catch {
    return undefined;
  }
}
