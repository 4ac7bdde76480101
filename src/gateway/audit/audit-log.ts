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
  const { size } = await file.stat();
  try {
    await file.appendFile(lines);
  } catch (thrown) {
    await file.truncate(size).catch(() => undefined);
    throw thrown;
  }
}

/** Records that wait to be written; then the log counts as failing. */
const waitingMax = 10_000;
/** Records wait so long for others before they are written together; milliseconds. */
const gatherMs = 5;
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
  #stopped = false;

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

  append(record: AuditRecord): void {
    if (this.#sink === undefined || this.#stopped) return;
    if (this.#waiting.length >= waitingMax) {
      this.#failing = true;
      this.#lost++;
      return;
    }
    this.#waiting.push(this.#textOf(record));
    this.#writing ??= this.#write();
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

  #textOf(record: AuditRecord): string {
    const target = redacted(record.target);
    const reason = record.reason === undefined ? undefined : redacted(record.reason);
    const clean =
      target === record.target && reason === record.reason ? record : { ...record, target, reason };
    return `{"time":"${this.#now()}",${JSON.stringify(clean).slice(1)}`;
  }

  #gathered(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, gatherMs);
    });
  }

  #now(): string {
    return new Date(this.#deps.clock.nowMs()).toISOString();
  }
}
