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
  | { readonly intact: true; readonly records: number; readonly lastHash: string }
  | { readonly intact: false; readonly line: number; readonly why: string };

/** Checks line after line. */
export class ChainVerifier {
  #records = 0;
  #prev: string | undefined;
  #seq: number | undefined;
  #fault: { readonly line: number; readonly why: string } | undefined;

  /** @returns false once the chain is broken: the rest proves nothing */
  push(text: string): boolean {
    if (this.#fault !== undefined) return false;
    const why = this.#faultOf(text);
    if (why !== undefined) this.#fault = { line: this.#records + 1, why };
    else this.#records++;
    return why === undefined;
  }

  verdict(): ChainVerdict {
    if (this.#fault !== undefined) return { intact: false, ...this.#fault };
    return { intact: true, records: this.#records, lastHash: this.#prev ?? chainStart };
  }

  #faultOf(text: string): string | undefined {
    const parts = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(text);
    const read = parseLine(text);
    if (parts === null || read === undefined) return 'it is not an audit record';
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
    this.#prev = hash;
    this.#seq = read.seq;
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
