/**
 * Turns the output of a child into log lines of ours: JSON lines keep their level and facts, other
 * text is logged as it is. Bounded: long lines are cut and a flood is dropped and counted.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '#base/clock.ts';
import type { Logger, LogLevel } from '#base/log.ts';

/** Longer lines are cut here; characters. */
const lineCharsMax = 8_192;
/** Lines logged in one second; more are counted and dropped. */
const linesPerSecondMax = 200;

export class OutputLines {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';
  #windowStartMs = 0;
  #linesInWindow = 0;
  #dropped = 0;

  constructor(deps: { readonly log: Logger; readonly clock: Clock }) {
    this.#log = deps.log;
    this.#clock = deps.clock;
  }

  push(chunk: Buffer): void {
    const lines = (this.#pending + this.#decoder.write(chunk)).split('\n');
    this.#pending = (lines.pop() ?? '').slice(0, lineCharsMax);
    for (const line of lines) this.#onLine(line.slice(0, lineCharsMax));
  }

  /** The stream ended; what is left is a line. */
  end(): void {
    this.#onLine(this.#pending);
    this.#pending = '';
  }

  #onLine(line: string): void {
    if (line.trim() === '') return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= 1000) {
      if (this.#dropped > 0) this.#log.warn('output lines dropped', { count: this.#dropped });
      this.#windowStartMs = nowMs;
      this.#linesInWindow = 0;
      this.#dropped = 0;
    }
    if (++this.#linesInWindow > linesPerSecondMax) {
      this.#dropped++;
      return;
    }
    const { level, message, facts } = parseLine(line);
    this.#log[level](message, facts);
  }
}

interface ParsedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Fields of a JSON line that say nothing here. */
const dropped = new Set(['level', 'msg', 'message', 'time', 'pid', 'hostname']);

function parseLine(line: string): ParsedLine {
  let value: unknown;
  try {
    value = line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null) {
    return { level: 'info', message: 'process output', facts: { line } };
  }
  const fields = value as Record<string, unknown>;
  const message = fields['msg'] ?? fields['message'];
  return {
    level: levelOf(fields['level']),
    message: typeof message === 'string' ? message : 'process output',
    facts: Object.fromEntries(Object.entries(fields).filter(([name]) => !dropped.has(name))),
  };
}

/** Levels by name, or by number as pino writes them. */
function levelOf(level: unknown): LogLevel {
  if (level === 'debug' || level === 'warn' || level === 'error') return level;
  if (level === 'fatal') return 'error';
  if (typeof level !== 'number') return 'info';
  if (level <= 20) return 'debug';
  if (level < 40) return 'info';
  return level < 50 ? 'warn' : 'error';
}
