/**
 * Token redemptions per second against `drawbridge up`: HTTPS, certificate, one guarded and durable
 * count each. Beside it, in the same run, what certificates alone would allow on one core, and the
 * processor time of the whole control plane, which holds on a busy machine too.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessGrant, site } from '#apis/index.ts';
import { namespace } from '#kube/index.ts';
import { connectionFromKubeconfig, KubeClient } from '#kubeclient/index.ts';
import { createAuthority, issueCertificate } from '#pki/index.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const parallel = 32;
const allowed = 100_000;
const group = 'skupper.io/v2alpha1';

async function until<T>(
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > endMs) throw new RangeError(`${what}: not within 30 s`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

async function certificatesPerSecond(): Promise<number> {
  const authority = await createAuthority({ commonName: 'bench', nowMs: Date.now() });
  const startMs = performance.now();
  let made = 0;
  while (performance.now() - startMs < 2000) {
    await issueCertificate(authority, {
      commonName: 'x',
      server: false,
      client: true,
      nowMs: Date.now(),
    });
    made++;
  }
  return made / ((performance.now() - startMs) / 1000);
}

/** Processor time that a process and its threads have used; 0 where the system does not tell. */
function processorMs(pid: number): number {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return 0;
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  // Ticks of 10 ms: in user mode, in the kernel.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function redeem(url: string, code: string, agent: Agent, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method: 'POST', agent, headers: { name, subject: name } },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.on('error', reject);
    asked.end(code);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
const readyFile = join(folder, 'ready.json');
const up = spawn(
  join(import.meta.dirname, '..', '..', 'bin', 'drawbridge'),
  [
    'up',
    '--data',
    join(folder, 'data'),
    '--ready-file',
    readyFile,
    '--api-port',
    '0',
    '--grant-port',
    '0',
    '--gateway-port',
    '0',
    '--metrics-port',
    '0',
  ],
  { stdio: 'ignore' },
);
try {
  await until('ready file', () => {
    if (up.exitCode !== null) throw new RangeError('drawbridge up has ended');
    return existsSync(readyFile) ? true : undefined;
  });
  const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as { readonly kubeconfig: string };
  const client = new KubeClient(await connectionFromKubeconfig({ path: ready.kubeconfig }));
  await client.create(namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'west' },
  });
  await client.create(site, {
    apiVersion: group,
    kind: 'Site',
    metadata: { name: 'west', namespace: 'west' },
    spec: { linkAccess: 'default' },
  });
  await until('site', async () => {
    const found = await client.get(site, { namespace: 'west', name: 'west' });
    return found.status?.status === 'Ready' ? true : undefined;
  });
  await client.create(accessGrant, {
    apiVersion: group,
    kind: 'AccessGrant',
    metadata: { name: 'grant', namespace: 'west' },
    spec: { redemptionsAllowed: allowed },
  });
  const granted = await until('grant', async () => {
    const found = await client.get(accessGrant, { namespace: 'west', name: 'grant' });
    return found.status?.status === 'Ready' ? found.status : undefined;
  });
  const agent = new Agent({ keepAlive: true, maxSockets: parallel, ca: granted.ca ?? '' });
  const latencies: number[] = [];
  let failed = 0;
  const cpuStartMs = processorMs(up.pid ?? 0);
  const startMs = performance.now();
  const worker = async (id: number): Promise<void> => {
    for (let turn = 0; performance.now() - startMs < seconds * 1000; turn++) {
      const sentMs = performance.now();
      const status = await redeem(granted.url ?? '', granted.code ?? '', agent, `s-${id}-${turn}`);
      if (status === 200) latencies.push(performance.now() - sentMs);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, (_, id) => worker(id)));
  const rate = latencies.length / ((performance.now() - startMs) / 1000);
  const cpuMs = (processorMs(up.pid ?? 0) - cpuStartMs) / latencies.length;
  agent.destroy();
  const counted = await client.get(accessGrant, { namespace: 'west', name: 'grant' });
  const limit = await certificatesPerSecond();
  latencies.sort((left, right) => left - right);
  console.table([
    {
      'redemptions/s': Math.round(rate),
      'processor ms each': Number(cpuMs.toFixed(2)),
      'redemptions/s of one core': Math.round(1000 / cpuMs),
      'p50 ms': Math.round(latencies[Math.floor(latencies.length / 2)] ?? 0),
      'p99 ms': Math.round(latencies[Math.floor(latencies.length * 0.99)] ?? 0),
      failed,
      'counted equals answered': counted.status?.redemptions === latencies.length,
      'load of the machine': loadavg()[0]?.toFixed(1),
      'certificates/s alone': Math.round(limit),
      ratio: Number((rate / limit).toFixed(2)),
    },
  ]);
} finally {
  if (up.exitCode === null) {
    up.kill('SIGTERM');
    await new Promise((resolve) => {
      up.once('exit', resolve);
    });
  }
  rmSync(folder, { recursive: true, force: true });
}
