/**
 * Token redemptions per second against `drawbridge up`: HTTPS, certificate, one guarded and durable
 * count each. Beside it, in the same run, what certificates alone would allow on one core, and the
 * processor time of the whole control plane, which holds on a busy machine too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { loadavg } from 'node:os';
import { accessGrant } from '#apis/index.ts';
import { createAuthority, issueCertificate } from '#pki/index.ts';
import { makeSite, siteReady, startUp, until } from './up-process.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const parallel = 32;
const allowed = 100_000;
const group = 'skupper.io/v2alpha1';

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

const up = startUp();
try {
  const { pid, client } = await up.ready();
  await makeSite(client, 'west', { linkAccess: 'default' });
  await siteReady(client, 'west');
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
  const cpuStartMs = processorMs(pid);
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
  const cpuMs = (processorMs(pid) - cpuStartMs) / latencies.length;
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
  await up.stop();
}
