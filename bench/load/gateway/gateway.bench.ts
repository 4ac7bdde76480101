/**
 * The access gateway: small GETs beside a direct connection to the same upstream, the delay of watch
 * events, redemptions. Upstream, gateway and load generator are three processes on one machine, over
 * TLS on every hop; a second column is the processor time of the gateway alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServerFiles } from '#apiserver/index.ts';
import { systemClock } from '../../../test/support/system.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4);
const path = '/api/v1/namespaces/default/configmaps';

async function start(program: string, ...args: string[]): Promise<[ChildProcess, string]> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, program), ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let text = '';
  while (!text.includes('\n')) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return [child, text];
}

/** User and system time so far, in seconds. */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Place {
  readonly url: string;
  readonly ca: string;
  readonly token?: string;
}

function call(place: Place, agent: Agent, body?: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers: Record<string, string | number> = {
    ...(place.token === undefined ? {} : { authorization: `Bearer ${place.token}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const method = body === undefined ? 'GET' : 'POST';
  const sent = request(place.url, { method, agent, headers, ca: place.ca }, (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
  });
  sent.on('error', reject).end(body);
  return promise;
}

async function measure(
  name: string,
  lanes: number,
  gateway: ChildProcess | undefined,
  work: () => Promise<number>,
  expected = 200,
): Promise<void> {
  const took: number[] = [];
  let wrong = 0;
  const cpu = gateway === undefined ? 0 : cpuSeconds(gateway);
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const from = performance.now();
      if ((await work()) !== expected) wrong++;
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const lasted = (performance.now() - begun) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(2);
  const perCore =
    gateway === undefined ? '' : `  ${Math.round(took.length / (cpuSeconds(gateway) - cpu))}/cpu-s`;
  console.log(
    `${name.padEnd(40)} ${String(Math.round(took.length / lasted)).padStart(6)}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms${perCore}${wrong > 0 ? `  ${wrong} WRONG` : ''}`,
  );
}

/** How late the events of a watch arrive, by the clock of this machine. */
async function watchDelay(name: string, place: Place): Promise<void> {
  const delays: number[] = [];
  const headers = place.token === undefined ? {} : { authorization: `Bearer ${place.token}` };
  const sent = request(
    `${place.url}?watch=1`,
    { headers, ca: place.ca, agent: false },
    (answer) => {
      answer.on('data', (chunk: Buffer) => {
        const now = performance.timeOrigin + performance.now();
        for (const line of chunk.toString().trim().split('\n')) {
          const sentAt = (JSON.parse(line) as { at?: number }).at;
          if (sentAt !== undefined) delays.push(now - sentAt);
        }
      });
      answer.on('error', () => undefined);
    },
  );
  sent.on('error', () => undefined).end();
  await new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
  sent.destroy();
  delays.sort((a, b) => a - b);
  const at = (share: number): string => (delays[Math.floor(delays.length * share)] ?? 0).toFixed(2);
  console.log(`${name.padEnd(40)} ${delays.length} events  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`);
}

const pki = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
const { ca } = await ensureServerFiles({ clock: systemClock }, { directory: pki, hosts: [] });
const [upstream, served] = await start(
  'upstream.process.ts',
  join(pki, 'apiserver.crt'),
  join(pki, 'apiserver.key'),
);
const direct = `https://127.0.0.1:${(JSON.parse(served) as { port: number }).port}`;
const [gateway, told] = await start('gateway.process.ts', pki, direct, join(pki, 'audit.jsonl'));
const { origin, token, codes } = JSON.parse(told) as {
  origin: string;
  token: string;
  codes: string[];
};
const straight: Place = { url: `${direct}${path}`, ca };
const through: Place = { url: `${origin}/k8s${path}`, ca, token };
for (const lanes of [1, 64]) {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  await measure(`GET direct, ${lanes} connections`, lanes, undefined, () => call(straight, agent));
  await measure(`GET through the gateway, ${lanes}`, lanes, gateway, () => call(through, agent));
  agent.destroy();
}
await watchDelay('watch direct', straight);
await watchDelay('watch through the gateway', through);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
let serial = 0;
const redeem = { url: `${origin}/gateway/v1/redeem`, ca };
await measure(
  'redemptions over 60 grants, 32 clients',
  32,
  gateway,
  () => {
    const code = codes[serial++ % codes.length];
    const nonce = `bench-${serial}`.padEnd(32, '-');
    return call(redeem, agent, JSON.stringify({ code, nonce, as: 'bearer' }));
  },
  201,
);
agent.destroy();
gateway.stdin?.end();
upstream.stdin?.end();
rmSync(pki, { recursive: true, force: true });
