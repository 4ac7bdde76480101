/**
 * The embedded API: start, memory, durable writes, reads, watch fan-out. Server and load generator
 * are two processes on one machine, over TLS, on the disk of the temporary folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#base/log.ts';
import { openStore } from '#store/index.ts';

interface Served {
  readonly origin: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const program = join(import.meta.dirname, 'api-server.process.ts');
const secondsPerCase = Number(process.env['BENCH_SECONDS'] ?? 4);
const maps = '/api/v1/namespaces/default/configmaps';
const filler = 'x'.repeat(400);
let serial = 0;

async function startServer(
  directory: string,
): Promise<{ child: ChildProcess; served: Served; startMs: number }> {
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, directory],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const served = JSON.parse(line.toString()) as Served;
  return { child, served, startMs: performance.now() - begun };
}

function residentMiB(child: ChildProcess): string {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)} MiB`;
}

type Call = (method: string, path: string, body?: string) => Promise<string>;

function caller(served: Served, agent: Agent): Call {
  return (method, path, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers: Record<string, string | number> = {};
    if (body !== undefined) {
      headers['content-type'] =
        method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    const sent = request(`${served.origin}${path}`, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve(text);
        else reject(new RangeError(text));
      });
    });
    sent.on('error', reject).end(body);
    return promise;
  };
}

/** Runs `work` on so many lanes for the time of a case; prints rate and percentiles. */
async function measure(name: string, lanes: number, work: () => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  const end = performance.now() + secondsPerCase * 1000;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const begun = performance.now();
      await work();
      took.push(performance.now() - begun);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - begun) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(2);
  const rate = Math.round(took.length / seconds);
  console.log(
    `${name.padEnd(44)} ${String(rate).padStart(7)}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`,
  );
}

const configMap = (): string =>
  JSON.stringify({ metadata: { name: `n${serial++}` }, data: { filler } });

async function measureStore(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const stamp = (value: object): object => value;
  const store = await openStore({ clock, logger: silentLogger, stamp }, { directory });
  const write = (): Promise<unknown> =>
    store.write({
      collection: 'things',
      namespace: 'ns',
      name: `n${serial++}`,
      expected: 0,
      value: { filler },
    });
  for (const lanes of [1, 8, 64])
    await measure(`store: durable creates, ${lanes} writers`, lanes, write);
  await store.stop({ graceMs: 0 });
  rmSync(directory, { recursive: true, force: true });
}

async function openWatches(
  served: Served,
  count: number,
  onBytes: (text: string) => void,
): Promise<() => void> {
  const agent = new Agent({ keepAlive: true, maxSockets: count, ...identity(served) });
  const version = (
    JSON.parse(await caller(served, agent)('GET', `${maps}?limit=1`)) as {
      metadata: { resourceVersion: string };
    }
  ).metadata.resourceVersion;
  const opened = Array.from({ length: count }, async () => {
    const path = `${maps}?watch=true&resourceVersion=${version}`;
    const sent = request(`${served.origin}${path}`, { agent }).end();
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    response.setEncoding('utf8').on('data', onBytes);
    response.on('error', () => undefined);
    return sent;
  });
  const all = await Promise.all(opened);
  return () => {
    for (const sent of all) sent.destroy();
  };
}

function identity({ ca, cert, key }: Served): { ca: string; cert: string; key: string } {
  return { ca, cert, key };
}

async function measureServer(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const first = await startServer(directory);
  first.child.stdin?.end();
  await once(first.child, 'exit');
  const { child, served, startMs } = await startServer(directory);
  console.log(`start with existing data ${startMs.toFixed(0)} ms, resident ${residentMiB(child)}`);
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ...identity(served) });
  const call = caller(served, agent);
  for (const lanes of [1, 8, 64]) {
    await measure(`POST ConfigMap, ${lanes} clients`, lanes, () => call('POST', maps, configMap()));
  }
  await call('POST', maps, JSON.stringify({ metadata: { name: 'one' }, data: { filler } }));
  await measure('PATCH one ConfigMap, 1 client', 1, () =>
    call('PATCH', `${maps}/one`, JSON.stringify({ data: { count: String(serial++) } })),
  );
  await measure('GET one ConfigMap, 8 clients', 8, () => call('GET', `${maps}/one`));
  await measure('LIST page of 500, 1 client', 1, () => call('GET', `${maps}?limit=500`));
  let events = 0;
  const close = await openWatches(served, 50, (text) => {
    for (const character of text) if (character === '\n') events++;
  });
  await measure('POST ConfigMap, 8 clients, 50 watches', 8, () => call('POST', maps, configMap()));
  console.log(`  watch events received ${Math.round(events / secondsPerCase)}/s`);
  close();
  console.log(`after ${serial} objects: resident ${residentMiB(child)}`);
  agent.destroy();
  child.stdin?.end();
  await once(child, 'exit');
  const again = await startServer(directory);
  console.log(
    `start with ${serial} objects ${again.startMs.toFixed(0)} ms, resident ${residentMiB(again.child)}`,
  );
  again.child.stdin?.end();
  await once(again.child, 'exit');
  rmSync(directory, { recursive: true, force: true });
}

await measureStore();
await measureServer();
