/**
 * The audit log: JSON lines in a hash chain, appended to one file by one process. When it cannot be
 * written the gateway refuses requests (fail closed), or goes on and records the gap afterwards.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { GatewayError } from '../errors.ts';
import type { AuditRecord } from './audit-record.ts';
import { redacted } from './redaction.ts';
import { chainLine, chainStart, parseLine } from './hash-chain.ts';

export interface AuditLogOptions {
  /** Absent, and without an output too: nothing is recorded. */
  readonly file?: string;
  /** Lines go there instead; each start begins a new chain. */
  readonly output?: Writable;
  /** Refuse requests while records cannot be written. */
  readonly failClosed: boolean;
}

/** Where lines go. */
interface Sink {
  append(lines: string): Promise<void>;
  close(): Promise<void>;
}

function sinkOf(output: Writable): Sink {
  return {
    append: (lines) =>
      new Promise((resolve, reject) => {
        output.write(lines, (error) => (error == null ? resolve() : reject(error)));
      }),
    // It is not ours to close.
    close: async () => undefined,
  };
}

/** All or nothing: what a full disk took of the lines would break the chain when they are repeated. */
async function appendWhole(file: FileHandle, lines: string): Promise<void> {
  const bytes = Buffer.from(lines);
  let done = 0;
  try {
    while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
  } catch (thrown) {
    if (done > 0) await takeBack(file, done).catch(() => undefined);
    throw thrown;
  }
}

async function takeBack(file: FileHandle, bytes: number): Promise<void> {
  await file.truncate((await file.stat()).size - bytes);
}

/** Records that wait to be written; then the log counts as failing. */
const waitingMax = 10_000;
/**
 * Between two writes at least; what comes meanwhile is written together. Milliseconds. A write wakes
 * other threads, which costs as much as a dozen small requests.
 */
const gatherMs = 20;
/** Between two tries after a fault; milliseconds. */
const retryMs = 1000;
/** Read from the end of an existing log to go on with its chain; bytes. */
const tailBytes = 64 * 1024;

export class AuditLog implements Running {
  readonly #deps: { readonly clock: Clock; readonly log: Logger };
  readonly #options: AuditLogOptions;
  /** Records as JSON. */
  readonly #waiting: string[] = [];
  #sink: Sink | undefined;
  #seq = 0;
  #prev = chainStart;
  #failing = false;
  #lost = 0;
  #writing: Promise<void> | undefined;
  /** When the last write began; milliseconds of the monotonic clock. */
  #writtenMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  /** The second that `#second` is the text of. */
  #secondOf = Number.NaN;
  #second = '';

  constructor(deps: { readonly clock: Clock; readonly log: Logger }, options: AuditLogOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Opens the file and finds the end of its chain. @throws GatewayError GATEWAY_CONFIG */
  async start(): Promise<void> {
    const { file, output } = this.#options;
    if (output !== undefined) this.#sink = sinkOf(output);
    if (output !== undefined || file === undefined) return;
    try {
      const opened = await open(file, 'a+', 0o600);
      this.#sink = { append: (lines) => appendWhole(opened, lines), close: () => opened.close() };
      const { size } = await opened.stat();
      const { buffer, bytesRead } = await opened.read({
        buffer: Buffer.alloc(Math.min(size, tailBytes)),
        position: Math.max(0, size - tailBytes),
      });
      const text = buffer.subarray(0, bytesRead).toString();
      const last = text
        .split('\n')
        .map(parseLine)
        .findLast((line) => line !== undefined);
      if (last !== undefined) [this.#seq, this.#prev] = [last.seq, last.hash];
      // A line that was cut by a crash must not swallow the next one.
      if (text !== '' && !text.endsWith('\n')) await opened.write('\n');
    } catch (cause) {
      const message = `the audit log ${file} cannot be written: ${messageOf(cause)}`;
      throw new GatewayError('GATEWAY_CONFIG', message, { cause });
    }
  }

  /** @throws GatewayError GATEWAY_AUDIT when it fails closed and cannot record */
  refuseUnrecorded(): void {
    if (!this.#options.failClosed || !this.#failing) return;
    throw new GatewayError('GATEWAY_AUDIT', 'requests cannot be recorded now', {
      retry: { afterMs: 5000 },
    });
  }

  /** @param shared members of the record that many have, from `auditMembers` */
  append(record: AuditRecord, shared = ''): void {
    if (this.#sink === undefined || this.#stopped) return;
    if (this.#waiting.length >= waitingMax) {
      this.#failing = true;
      this.#lost++;
      return;
    }
    this.#waiting.push(this.#textOf(record, shared));
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing waits any more; to false when that could not be written. */
  async written(): Promise<boolean> {
    await this.#writing;
    return this.#waiting.length === 0 && !this.#failing;
  }

  /** Writes what waits, then closes the file. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
    await this.#sink?.close();
    this.#sink = undefined;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Records of the same moment share one write; whoever stops does not wait for more.
      if (!this.#stopped) await this.#gathered();
      this.#writtenMs = this.#deps.clock.monotonicMs();
      const { lines, seq, prev, count, lost } = this.#nextLines();
      try {
        await this.#sink?.append(lines);
        this.#waiting.splice(0, count);
        [this.#seq, this.#prev] = [seq, prev];
        this.#lost -= lost;
        if (this.#failing) this.#deps.log.info('the audit log is written again');
        this.#failing = false;
      } catch (thrown) {
        if (!this.#failing) {
          this.#deps.log.error('the audit log cannot be written', { error: messageOf(thrown) });
        }
        this.#failing = true;
        if (this.#stopped) break;
        await new Promise((resolve) => {
          setTimeout(resolve, retryMs).unref();
        });
      }
    }
    this.#writing = undefined;
  }

  #nextLines(): {
    readonly lines: string;
    readonly seq: number;
    readonly prev: string;
    readonly count: number;
    readonly lost: number;
  } {
    let [seq, prev] = [this.#seq, this.#prev];
    let lines = '';
    const add = (facts: string): void => {
      seq++;
      const line = chainLine(facts, seq, prev);
      prev = line.hash;
      lines += `${line.text}\n`;
    };
    const { length: count } = this.#waiting;
    for (const facts of this.#waiting) add(facts);
    const lost = this.#lost;
    if (lost > 0) add(JSON.stringify({ time: this.#now(), kind: 'gap', lost }));
    return { lines, seq, prev, count, lost };
  }

  #textOf(record: AuditRecord, shared: string): string {
    const target = redacted(record.target);
    const reason = record.reason === undefined ? undefined : redacted(record.reason);
    const clean =
      target === record.target && reason === record.reason ? record : { ...record, target, reason };
    return `{"time":"${this.#now()}",${shared}${JSON.stringify(clean).slice(1)}`;
  }

  /** At once after a quiet time, for a record alone has nobody to wait for. */
  async #gathered(): Promise<void> {
    const waitMs = this.#writtenMs + gatherMs - this.#deps.clock.monotonicMs();
    if (waitMs <= 0) return;
    await new Promise((resolve) => {
      setTimeout(resolve, waitMs);
    });
  }

  /** As `Date.toISOString` has it. */
  #now(): string {
    const nowMs = this.#deps.clock.nowMs();
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#secondOf) {
      this.#secondOf = second;
      this.#second = new Date(second * 1000).toISOString().slice(0, -4);
    }
    return `${this.#second}${String(Math.floor(nowMs) - second * 1000).padStart(3, '0')}Z`;
  }
}

/** Members of a record as text, for `append`: made once for records that have them in common. */
export function auditMembers(members: Partial<AuditRecord>): string {
  const text = JSON.stringify(members).slice(1, -1);
  return text === '' ? '' : `${text},`;
}
