/**
 * `drawbridge up` as a user meets it: start to ready, memory, a grant applied to the link Ready, and
 * the demo from the command to an answering URL. Wall time of this machine, five rounds, median.
 */
import { request } from 'node:http';
import { accessGrant, accessToken, link } from '#apis/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { residentBytes } from './topology.ts';
import { makeSite, siteReady, startUp, until } from './up-process.ts';

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

async function emptyStart(): Promise<{ readyMs: number; MiB: number; linkMs: number }> {
  const startMs = performance.now();
  const up = startUp();
  try {
    const { pid, client } = await up.ready();
    const readyMs = performance.now() - startMs;
    await twoSites(client);
    const MiB = residentBytes(pid) / 2 ** 20;
    return { readyMs, MiB, linkMs: await grantToReady(client) };
  } finally {
    await up.stop();
  }
}

async function twoSites(client: KubeClient): Promise<void> {
  await makeSite(client, 'west', { linkAccess: 'default' });
  await makeSite(client, 'east', {});
  await siteReady(client, 'west');
  await siteReady(client, 'east');
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
  const startMs = performance.now();
  const up = startUp('--demo');
  let output = '';
  up.child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  try {
    const url = await until('URL', () => /^\s*(http:\/\/\S+:\d+)\s*$/m.exec(output)?.[1]);
    await until('answer', () => answers(url));
    return performance.now() - startMs;
  } finally {
    await up.stop();
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
