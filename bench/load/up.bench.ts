/**
 * `drawbridge up` as a user meets it: start to ready, memory, a grant applied to the link Ready, and
 * the demo from the command to an answering URL. Wall time of this machine, five rounds, median.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessGrant, accessToken, link, site } from '#apis/index.ts';
import { connectionFromKubeconfig, KubeClient } from '#kubeclient/index.ts';
import { namespace as namespaceKind } from '#kube/index.ts';
import { residentBytes } from './topology.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'drawbridge');
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function until<T>(
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    const value = await read();
    if (value !== undefined) return value;
    await pause(5);
  }
  throw new RangeError(`${what}: not within 30 s`);
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

interface Ready {
  readonly pid: number;
  readonly kubeconfig: string;
}

function start(
  folder: string,
  extra: readonly string[],
): { child: ChildProcess; readyFile: string } {
  const readyFile = join(folder, 'ready.json');
  const ports = ['--api-port', '0', '--grant-port', '0', '--metrics-port', '0'];
  const child = spawn(launcher, ['up', '--ready-file', readyFile, ...ports, ...extra], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { child, readyFile };
}

async function emptyStart(): Promise<{ readyMs: number; MiB: number; linkMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const startMs = performance.now();
  const { child, readyFile } = start(folder, ['--data', join(folder, 'data')]);
  child.stdout?.resume();
  try {
    await until('ready file', () => (existsSync(readyFile) ? true : undefined));
    const readyMs = performance.now() - startMs;
    const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as Ready;
    const client = new KubeClient(await connectionFromKubeconfig({ path: ready.kubeconfig }));
    await twoSites(client);
    const MiB = residentBytes(ready.pid) / 2 ** 20;
    return { readyMs, MiB, linkMs: await grantToReady(client) };
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function twoSites(client: KubeClient): Promise<void> {
  for (const namespace of ['west', 'east']) {
    await client.create(namespaceKind, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await client.create(site, {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Site',
      metadata: { name: namespace, namespace },
      spec: namespace === 'west' ? { linkAccess: 'default' } : {},
    });
  }
  for (const namespace of ['west', 'east']) {
    await until(`site ${namespace}`, async () => {
      const found = await client.get(site, { namespace, name: namespace });
      return found.status?.status === 'Ready' ? true : undefined;
    });
  }
}

/** From applying the grant to STATUS Ready of the link on the other side. */
async function grantToReady(client: KubeClient): Promise<number> {
  const startMs = performance.now();
  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'grant', namespace: 'west' },
    spec: {},
  });
  const granted = await until('grant', async () => {
    const found = await client.get(accessGrant, { namespace: 'west', name: 'grant' });
    return found.status?.status === 'Ready' ? found.status : undefined;
  });
  await client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 'token', namespace: 'east' },
    spec: { url: granted.url ?? '', code: granted.code ?? '', ca: granted.ca ?? '' },
  });
  await until('link', async () => {
    const found = await client.find(link, { namespace: 'east', name: 'token' });
    return found?.status?.status === 'Ready' ? true : undefined;
  });
  return performance.now() - startMs;
}

/** From the command to an answer of the URL that the demo prints. */
async function demoToAnswer(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const startMs = performance.now();
  const { child } = start(folder, ['--demo']);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  try {
    const url = await until('URL', () => /^\s*(http:\/\/\S+:\d+)\s*$/m.exec(output)?.[1]);
    await until('answer', () => answers(url));
    return performance.now() - startMs;
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function answers(url: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    request(url, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    })
      .on('error', () => resolve(undefined))
      .end();
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

const starts = [];
const demos = [];
for (let round = 0; round < rounds; round++) {
  starts.push(await emptyStart());
  demos.push(await demoToAnswer());
}
console.table([
  {
    what: 'up: command to ready file, ms',
    median: Math.round(median(starts.map((each) => each.readyMs))),
  },
  {
    what: 'up with two sites: resident memory, MiB',
    median: Math.round(median(starts.map((each) => each.MiB))),
  },
  {
    what: 'grant applied to link Ready, ms',
    median: Math.round(median(starts.map((each) => each.linkMs))),
  },
  { what: 'demo: command to answering URL, ms', median: Math.round(median(demos)) },
]);
