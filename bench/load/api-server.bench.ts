/**
 * The embedded API: start, memory, durable writes, reads, watch fan-out. Server and load generator
 * are two processes on one machine, over TLS, on the disk of the temporary folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#base/log.ts';
import { openStore } from '#store/index.ts';
import {
  caller,
  caseSeconds,
  identity,
  maps,
  measure,
  openWatches,
  residentMiB,
  type Served,
} from './api-server-load.ts';

const program = join(import.meta.dirname, 'api-server.process.ts');
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

async function measureServer(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const first = await startServer(directory);
  first.child.stdin?.end();
  await once(first.child, 'exit');
  const { child, served, startMs } = await startServer(directory);
  console.log(
    `start with existing data ${startMs.toFixed(0)} ms, resident ${residentMiB(child.pid)} MiB`,
  );
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
  console.log(`  watch events received ${Math.round(events / caseSeconds)}/s`);
  close();
  console.log(`after ${serial} objects: resident ${residentMiB(child.pid)} MiB`);
  agent.destroy();
  child.stdin?.end();
  await once(child, 'exit');
  const again = await startServer(directory);
  console.log(
    `start with ${serial} objects ${again.startMs.toFixed(0)} ms, resident ${residentMiB(again.child.pid)} MiB`,
  );
  again.child.stdin?.end();
  await once(again.child, 'exit');
  rmSync(directory, { recursive: true, force: true });
}

await measureStore();
await measureServer();
