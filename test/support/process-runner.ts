/** Starts processes for tests, collects what they write, and ends them by pid when the test ends. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { deadlineMsDefault, waitUntil } from './process-wait.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export class RunningProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #stdout = '';
  #stderr = '';
  #exit: Exit | undefined;

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    if (child.pid === undefined) throw new TypeError(`cannot start ${child.spawnfile}`);
    this.#child = child;
    this.pid = child.pid;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // A process that ends early is no reason for the test to die of EPIPE.
    child.stdin.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get stdin(): Writable {
    return this.#child.stdin;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until standard output matches. Fails with what was written when it never does. */
  async waitForOutput(pattern: RegExp, deadlineMs = deadlineMsDefault): Promise<RegExpExecArray> {
    return waitUntil(
      `${pattern} on standard output`,
      () => {
        const match = pattern.exec(this.#stdout);
        if (match === null && this.#exit !== undefined) throw new Error(this.describe());
        return match ?? undefined;
      },
      { deadlineMs, describe: () => this.describe() },
    );
  }

  /** Ends the process: `name` first, SIGKILL when it has not gone by the deadline. */
  async stop(name: NodeJS.Signals = 'SIGTERM', deadlineMs = 15_000): Promise<Exit> {
    if (this.#exit === undefined) {
      this.signal(name);
      const timer = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
      await this.exited;
      clearTimeout(timer);
    }
    return this.exited;
  }

  /** What it wrote, for messages of failing tests. */
  describe(): string {
    const tail = (text: string): string => text.slice(-4000);
    const state = this.#exit === undefined ? 'running' : JSON.stringify(this.#exit);
    return `process ${this.pid} (${state})\n--- stdout\n${tail(this.#stdout)}\n--- stderr\n${tail(this.#stderr)}`;
  }
}

/** Starts a process that the test owns: it is ended when the test is over. */
export function startProcess(
  t: Pick<TestContext, 'after'>,
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): RunningProcess {
  const running = new RunningProcess(
    spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    }),
  );
  t.after(() => running.stop('SIGKILL'));
  return running;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a process to its end. It is killed at the deadline. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: StartOptions & { readonly input?: string; readonly deadlineMs?: number } = {},
): Promise<Finished> {
  const cleanUps: (() => unknown)[] = [];
  const running = startProcess(
    { after: (work) => void cleanUps.push(work as () => unknown) },
    command,
    args,
    options,
  );
  running.stdin.end(options.input ?? '');
  const timer = setTimeout(() => running.signal('SIGKILL'), options.deadlineMs ?? 120_000);
  const exit = await running.exited;
  clearTimeout(timer);
  return { ...exit, stdout: running.stdout, stderr: running.stderr };
}
