/**
 * Lines that vouch for each other: each has the hash of the one before and, last, its own. Whoever
 * changes or takes out a line breaks the chain at that place.
 */
import { hash as sha } from 'node:crypto';
import { isRecord } from '#kube/index.ts';

/** What the first line refers to. */
export const chainStart = '0'.repeat(64);

export interface ChainLine {
  /** The line, without its line feed. */
  readonly text: string;
  readonly hash: string;
}

/** @param facts a JSON object with members, none of them seq, prev or hash */
export function chainLine(facts: string, seq: number, prev: string): ChainLine {
  const open = `{"seq":${seq},${facts.slice(1, -1)},"prev":"${prev}"`;
  const hash = hashOf(open);
  return { text: `${open},"hash":"${hash}"}`, hash };
}

/** What a check of a whole log found. */
export type ChainVerdict =
  | {
      readonly intact: true;
      readonly records: number;
      /** Number of the first record; 0 without any. */
      readonly firstSeq: number;
      readonly lastHash: string;
      /** Lines, counted from 1, that a gateway was killed over; the chain goes on behind them. */
      readonly cutLines: readonly number[];
    }
  | { readonly intact: false; readonly line: number; readonly why: string };

/** Checks line after line. */
export class ChainVerifier {
  #lines = 0;
  #records = 0;
  #firstSeq = 0;
  #prev: string | undefined;
  #seq: number | undefined;
  #fault: { readonly line: number; readonly why: string } | undefined;
  readonly #cutLines: number[] = [];

  /** @returns false once the chain is broken: the rest proves nothing */
  push(text: string): boolean {
    if (this.#fault !== undefined) return false;
    this.#lines++;
    const why = this.#faultOf(text);
    if (why !== undefined) this.#fault = { line: this.#lines, why };
    return why === undefined;
  }

  verdict(): ChainVerdict {
    if (this.#fault !== undefined) return { intact: false, ...this.#fault };
    const last = this.#cutLines.at(-1);
    if (last !== undefined && last === this.#lines) {
      return { intact: false, line: last, why: 'the record is cut short, and none follows it' };
    }
    return {
      intact: true,
      records: this.#records,
      firstSeq: this.#firstSeq,
      lastHash: this.#prev ?? chainStart,
      cutLines: this.#cutLines,
    };
  }

  #faultOf(text: string): string | undefined {
    const parts = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(text);
    const read = parseLine(text);
    if (parts === null || read === undefined) return this.#cutOr('it is not an audit record', text);
    const [, open = '', hash] = parts;
    if (hashOf(open) !== hash) return 'its hash does not fit its content: it was changed';
    // A log that was rotated begins in the middle of a chain.
    if (this.#prev !== undefined && read.prev !== this.#prev) {
      return 'it does not follow the record before it: records were removed, added or moved';
    }
    if (this.#seq !== undefined && read.seq !== this.#seq + 1) return 'its number is out of order';
    if (this.#prev === undefined && read.seq === 1 && read.prev !== chainStart) {
      return 'the first record does not begin a chain';
    }
    if (this.#records === 0) this.#firstSeq = read.seq;
    this.#records++;
    this.#prev = hash;
    this.#seq = read.seq;
    return undefined;
  }

  /** A killed gateway leaves the beginning of its next record; the one after it proves the rest. */
  #cutOr(why: string, text: string): string | undefined {
    const next = `{"seq":${(this.#seq ?? 0) + 1},`;
    const isCut = text !== '' && (text.startsWith(next) || next.startsWith(text));
    if (!isCut || this.#cutLines.at(-1) === this.#lines - 1) return why;
    this.#cutLines.push(this.#lines);
    return undefined;
  }
}

/** Number and hashes of a line; undefined when it is none. */
export function parseLine(
  text: string,
): { readonly seq: number; readonly prev: string; readonly hash: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { seq, prev, hash } = value;
    if (typeof seq !== 'number' || typeof prev !== 'string' || typeof hash !== 'string') {
      return undefined;
    }
    return { seq, prev, hash };
  } catch {
    return undefined;
  }
}

function hashOf(open: string): string {
  return sha('sha256', open, 'hex');
}
