/** `drawbridge up` as a user starts it, in a home of its own, on free ports. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type Exit,
  type Finished,
  type RunningProcess,
  runProcess,
  startProcess,
} from './process-runner.ts';
import { processesWith } from './process-survivors.ts';
import { waitUntil } from './process-wait.ts';

/** The launcher in this checkout. */
export const launcher = fileURLToPath(new URL('../../bin/drawbridge', import.meta.url));

/** What the ready file says. */
export interface ReadyInfo {
  readonly pid: number;
  readonly apiServer: string;
  readonly kubeconfig: string;
  readonly console: string;
  readonly gateway: string;
  readonly grantServer: string;
  readonly metrics: string;
}

export interface UpOptions {
  /** Data directory; undefined leaves --data out. */
  readonly data?: string;
  readonly demo?: boolean;
  readonly args?: readonly string[];
  /** Home and temporary files; made and removed for the test when absent. */
  readonly home?: string;
  /** Put in front of the launcher, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
}

export interface Up {
  readonly process: RunningProcess;
  readonly ready: ReadyInfo;
  readonly readyFile: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a verb of the command line against this instance. */
  cli(...args: string[]): Promise<Finished>;
  /** Ends it with a signal and gives what it exited with. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

const freePorts = ['--api-port', '--gateway-port', '--grant-port', '--metrics-port'].flatMap(
  (flag) => [flag, '0'],
);

/** A folder that goes with the test. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-test-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}

/** Environment in which nothing of this machine's user is read or written. */
export function homeEnv(home: string): NodeJS.ProcessEnv {
  const { KUBECONFIG: _, XDG_DATA_HOME: __, ...rest } = process.env;
  return { ...rest, HOME: home, TMPDIR: home };
}

/** Starts `up` without waiting until it serves. */
export async function launchUp(
  t: Pick<TestContext, 'after'>,
  options: UpOptions,
): Promise<Pick<Up, 'process' | 'readyFile' | 'home' | 'env'>> {
  const home = options.home ?? (await temporaryFolder(t));
  const env = homeEnv(home);
  const readyFile = join(home, `ready-${crypto.randomUUID()}.json`);
  const [command, ...before] = [...(options.prefix ?? []), launcher];
  const args = [
    ...before,
    'up',
    ...freePorts,
    '--ready-file',
    readyFile,
    ...(options.demo === true ? ['--demo'] : []),
    ...(options.data === undefined ? [] : ['--data', options.data]),
    ...(options.args ?? []),
  ];
  return { process: startProcess(t, command, args, { env }), readyFile, home, env };
}

/** Starts `up` and waits until it serves. */
export async function startUp(t: Pick<TestContext, 'after'>, options: UpOptions): Promise<Up> {
  const launched = await launchUp(t, options);
  const { process: running, readyFile, env } = launched;
  const ready = await waitUntil(
    'the ready file',
    () => {
      if (running.exit !== undefined) throw new Error('up has ended');
      return existsSync(readyFile) && (JSON.parse(readFileSync(readyFile, 'utf8')) as ReadyInfo);
    },
    { describe: () => running.describe() },
  );
  const [command, ...before] = [...(options.prefix ?? []), launcher];
  return {
    ...launched,
    ready,
    cli: (...args) =>
      runProcess(command, [...before, ...args, '--kubeconfig', ready.kubeconfig], { env }),
    stop: (signal = 'SIGTERM') => running.stop(signal),
  };
}

/** Waits until no process names `text` in its command line, and fails naming those that do. */
export async function noProcessLeft(text: string, deadlineMs = 10_000): Promise<void> {
  await waitUntil(`the end of all processes with ${text}`, () => processesWith(text).length === 0, {
    deadlineMs,
    describe: () => JSON.stringify(processesWith(text), undefined, 2),
  });
}

/** Lines of the output that are a URL and nothing else. */
export function urlsIn(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^http:\/\/\S+$/.test(line));
}
