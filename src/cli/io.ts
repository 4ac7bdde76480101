/**
 * What the command line has of the outside world, as values: tests give their own. Only bin/
 * takes them from the process.
 */

/** A place to write text, such as standard output. */
export interface TextSink {
  write(text: string): void;
}

export interface CliIo {
  /** Only the asked-for document. */
  readonly stdout: TextSink;
  /** Errors, hints and progress. */
  readonly stderr: TextSink;
  /** Standard input to its end, or a little more than `bytesMax` of it. */
  readStdin(bytesMax: number): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** True when a person watches standard error: waiting is then commented on. */
  readonly interactive?: boolean;
  /** Width of the terminal in characters; undefined when output is none. */
  readonly columns?: number | undefined;
  /** Version of this package. */
  readonly version: string;
}

/** Where a verb that runs for long leaves its exit code. */
export interface Outcome {
  exitCode: number;
}
