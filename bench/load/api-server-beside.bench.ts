/**
 * The embedded API beside the real one, with the same load: start to ready, memory, durable writes,
 * a list of 5 000, fan-out to 100 watchers. The real one needs KUBEBUILDER_ASSETS; it runs etcd,
 * kube-apiserver and the controllers without which nothing is collected.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesSkip, startKubernetes } from '../../test/support/kubernetes.ts';
import {
  caller,
  caseSeconds,
  identity,
  maps,
  measure,
  openWatches,
  processorMs,
  residentMiB,
  type Served,
} from './api-server-load.ts';

const program = join(import.meta.dirname, 'api-server.process.ts');
const listed = 5_000;
const watchers = 100;
let serial = 0;

interface Subject {
  readonly name: string;
  readonly served: Served;
  readonly pids: readonly (number | undefined)[];
  readonly stop: () => Promise<void>;
}

async function embedded(): Promise<Subject> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const args = ['--disable-warning=ExperimentalWarning', program, directory];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await once(child, 'exit');
    rmSync(directory, { recursive: true, force: true });
  };
  const served = JSON.parse(line.toString()) as Served;
  return { name: 'embedded', served, pids: [child.pid], stop };
}

async function real(): Promise<Subject> {
  const started = await startKubernetes();
  const { origin, pids } = started;
  const { ca, adminCert: cert, adminKey: key } = started.files;
  return {
    name: 'real',
    served: { origin, ca, cert, key },
    pids: Object.values(pids),
    stop: () => started.stop(),
  };
}

const body = (): string =>
  JSON.stringify({ metadata: { name: `n${serial++}` }, data: { filler: 'x'.repeat(400) } });

async function run(start: () => Promise<Subject>): Promise<void> {
  const begun = performance.now();
  const { name, served, pids, stop } = await start();
  const startMs = performance.now() - begun;
  console.log(
    `${name}: start to ready ${startMs.toFixed(0)} ms, resident ${residentMiB(...pids)} MiB`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ...identity(served) });
  const call = caller(served, agent);
  const create = (): Promise<string> => call('POST', maps, body());
  const [createdBefore, usedBefore] = [serial, processorMs(...pids)];
  for (const lanes of [1, 8, 64]) await measure(`${name}: create, ${lanes} clients`, lanes, create);
  const perCreate = (processorMs(...pids) - usedBefore) / (serial - createdBefore);
  console.log(`${name}: processor time per create ${perCreate.toFixed(2)} ms`);
  const secrets = '/api/v1/namespaces/default/secrets';
  for (let n = 0; n < listed; n += 50) {
    await Promise.all(Array.from({ length: 50 }, () => call('POST', secrets, body())));
  }
  await measure(`${name}: list of ${listed}, 1 client`, 1, () => call('GET', secrets));
  let events = 0;
  const close = await openWatches(served, watchers, (text) => {
    for (const character of text) if (character === '\n') events++;
  });
  await measure(`${name}: create, 8 clients, ${watchers} watchers`, 8, create);
  console.log(`${name}: watch events received ${Math.round(events / caseSeconds)}/s`);
  close();
  console.log(
    `${name}: after ${serial - createdBefore} objects resident ${residentMiB(...pids)} MiB`,
  );
  agent.destroy();
  await stop();
}

await run(embedded);
if (kubernetesSkip === false) await run(real);
else console.log(`real: not measured: ${kubernetesSkip}`);
