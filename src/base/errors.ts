/**
 * The one shape of an expected fault: a stable code, what to do about retrying, and the facts.
 * Faults of peers, users and the world are CodedErrors; our own bugs are assertions (assert.ts).
 */

/** What the owner of the failed work should do: give up, try again with growing pauses, or wait. */
export type Retry = 'never' | 'backoff' | { readonly afterMs: number };

/** Values that may go into a log line beside an error. Never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CodedErrorOptions {
  readonly retry?: Retry;
  readonly facts?: Facts;
  readonly cause?: unknown;
}

/**
 * Base of every fault that a caller may meet. Each folder derives its own class and narrows `Code`
 * to a union, so that `switch (error.code)` is exhaustive.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly retry: Retry;
  readonly facts: Facts;

  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retry = options.retry ?? 'never';
    this.facts = options.facts ?? {};
  }
}

/** One row of an error table: what the code means and what the reader should do. Feeds the docs. */
export interface ErrorDoc {
  readonly meaning: string;
  readonly action: string;
}

/** The error table of one folder; exported as `errorDocs` from its errors.ts. */
export type ErrorDocs<Code extends string> = Readonly<Record<Code, ErrorDoc>>;

/** The message of anything thrown, for logs and statuses. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
