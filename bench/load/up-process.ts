/** A `drawbridge up` for one measurement: on free ports, in a folder that goes away with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { site } from '#apis/index.ts';
import { namespace as namespaceKind } from '#kube/index.ts';
import { connectionFromKubeconfig, KubeClient } from '#kubeclient/index.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'drawbridge');
const portFlags = ['--api-port', '--grant-port', '--gateway-port', '--metrics-port'];
const waitMs = 60_000;

export interface Up {
  readonly child: ChildProcess;
  /** Waits until it serves. */
  readonly ready: () => Promise<{ readonly pid: number; readonly client: KubeClient }>;
  /** Ends it and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** Starts it. @param flags besides ports, data folder and ready file; `--demo` has a folder of its own */
export function startUp(...flags: readonly string[]): Up {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const readyFile = join(folder, 'ready.json');
  const all = ['up', '--ready-file', readyFile, ...portFlags.flatMap((flag) => [flag, '0'])];
  if (!flags.includes('--demo')) all.push('--data', join(folder, 'data'));
  const child = spawn(launcher, [...all, ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  // Discarded unless somebody reads it, so that it never waits for us.
  child.stdout.resume();
  return {
    child,
    ready: async () => {
      await until('drawbridge up', () => {
        if (child.exitCode !== null) throw new RangeError('drawbridge up has ended');
        return existsSync(readyFile) ? true : undefined;
      });
      const said = JSON.parse(readFileSync(readyFile, 'utf8')) as {
        readonly pid: number;
        readonly kubeconfig: string;
      };
      const connection = await connectionFromKubeconfig({ path: said.kubeconfig });
      return { pid: said.pid, client: new KubeClient(connection) };
    },
    stop: async () => {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks until there is an answer. @throws RangeError after a minute */
export async function until<T>(
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs) {
    const value = await read();
    if (value !== undefined) return value;
    await pause(5);
  }
  throw new RangeError(`${what}: not within ${waitMs / 1000} s`);
}

/** Makes a namespace with a Site of its name. */
export async function makeSite(client: KubeClient, name: string, spec: object): Promise<void> {
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await client.create(site, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    metadata: { name, namespace: name },
    spec,
  });
}

/** Waits for the Site of that name. */
export async function siteReady(client: KubeClient, name: string): Promise<void> {
  await until(`site ${name}`, async () => {
    const found = await client.get(site, { namespace: name, name });
    return found.status?.status === 'Ready' ? true : undefined;
  });
}
