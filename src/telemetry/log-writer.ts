/** The logger of all processes: JSON lines on standard error, one constant message and facts each. */
import { CodedError } from '#base/errors.ts';
import type { Logger, LogLevel } from '#base/log.ts';
import { type Logger as Pino, pino } from 'pino';

export interface LogOptions {
  /** Lines below it are not written. */
  readonly level: LogLevel;
  /** Facts of every line, for example the component. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Where lines go; default standard error. */
  readonly destination?: { write(line: string): void };
}

export interface RunningLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** A logger. Values of type Secret appear as a mask wherever they are; errors as code and message. */
export function createLogger(options: LogOptions): RunningLogger {
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const root = pino(settings, options.destination ?? standardError());
  return {
    ...wrap(root, options.facts ?? {}),
    setLevel: (level) => {
      root.level = level;
    },
  };
}

/** A parent that is gone must not take us with it: writes to its closed pipe are dropped. */
function standardError(): { write(line: string): void } {
  const destination = pino.destination({ fd: 2, sync: true });
  destination.on('error', () => undefined);
  return destination;
}

type LogFacts = Readonly<Record<string, unknown>>;

/** Facts are merged here and not by pino, which would write a key twice that a child sets again. */
function wrap(logger: Pino, inherited: LogFacts): Logger {
  const write = (level: LogLevel, message: string, facts?: LogFacts): void => {
    if (logger.isLevelEnabled(level)) logger[level](readable({ ...inherited, ...facts }), message);
  };
  return {
    debug: (message, facts) => write('debug', message, facts),
    info: (message, facts) => write('info', message, facts),
    warn: (message, facts) => write('warn', message, facts),
    error: (message, facts) => write('error', message, facts),
    child: (facts) => wrap(logger, { ...inherited, ...facts }),
  };
}

function readable(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(facts)) {
    if (typeof value === 'bigint') out[key] = value.toString();
    else out[key] = value instanceof Error ? describe(value) : value;
  }
  return out;
}

/** How many causes below an error are written. */
const causesMax = 4;

function describe(error: Error, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = { name: error.name, message: error.message };
  if (error instanceof CodedError) Object.assign(out, { code: error.code, ...error.facts });
  else if ('code' in error) out['code'] = error.code;
  if (!(error instanceof CodedError) && depth === 0) out['stack'] = error.stack;
  if (error.cause instanceof Error && depth < causesMax) {
    out['cause'] = describe(error.cause, depth + 1);
  }
  return out;
}
