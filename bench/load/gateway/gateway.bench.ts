/**
 * The access gateway: small GETs beside a direct connection to the same upstream (and beside
 * kube-gateway, when KUBE_GATEWAY names its executable), the delay of watch events, redemptions.
 * Upstream, gateway and load generator are processes of one machine, over TLS on every hop; a second
 * column is the processor time of the gateway alone.
 */
import { Agent } from 'node:https';
import { httpsRequest } from '#http/index.ts';
import { startOriginal, startOurFace } from './original.ts';
import {
  type Bench,
  cpuSeconds,
  dial,
  getText,
  measureGets,
  mountedPath,
  pause,
  seconds,
  startBench,
} from './parts.ts';

const object = `${mountedPath}/a`;

/** How late the events of a watch arrive, by the clock of this machine. */
async function watchDelay(name: string, port: number, request: string, ca: string): Promise<void> {
  const delays: number[] = [];
  const socket = await dial(port, ca);
  socket.on('data', (chunk: Buffer) => {
    const now = performance.timeOrigin + performance.now();
    for (const [, at] of chunk.toString().matchAll(/"at":([\d.]+)/g)) delays.push(now - Number(at));
  });
  socket.write(request);
  await pause(seconds * 1000);
  socket.destroy();
  delays.sort((a, b) => a - b);
  const at = (share: number): string => (delays[Math.floor(delays.length * share)] ?? 0).toFixed(2);
  console.log(`${name.padEnd(40)} ${delays.length} events  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`);
}

/** Each client redeems codes one after the other; each redemption is one durable write. */
async function redemptions({ through, ca, codes, gateway }: Bench): Promise<void> {
  const clients = 32;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const url = `https://127.0.0.1:${through}/gateway/v1/redeem`;
  const headers = { 'content-type': 'application/json' };
  let [serial, done, wrong] = [0, 0, 0];
  const cpu = cpuSeconds(gateway);
  const begun = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() < begun + seconds * 1000) {
      const code = codes[serial++ % codes.length];
      const nonce = `bench-${serial}`.padEnd(32, '-');
      const body = JSON.stringify({ code, nonce, as: 'bearer' });
      const { status } = await httpsRequest({ url, method: 'POST', ca, agent, headers, body });
      if (status === 201) done++;
      else wrong++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const lasted = (performance.now() - begun) / 1000;
  agent.destroy();
  const used = ((cpuSeconds(gateway) - cpu) / done) * 1e6;
  console.log(
    `${'redemptions over 60 grants, 32 clients'.padEnd(40)} ${Math.round(done / lasted)}/s  ${used.toFixed(0)} us of its processor each, API server included${wrong > 0 ? `  ${wrong} WRONG` : ''}`,
  );
}

const bench = await startBench();
const { direct, through, token, ca } = bench;
const bearer = `Authorization: Bearer ${token}`;
const original = await startOriginal(bench);
const face = await startOurFace(bench);
for (const lanes of [1, 64]) {
  await measureGets(
    `GET direct, ${lanes} connections`,
    { port: direct, ca, request: getText(object) },
    lanes,
  );
  await measureGets(
    `GET through the gateway, ${lanes}`,
    { port: through, ca, request: getText(`/k8s${object}`, bearer) },
    lanes,
    bench.gateway,
  );
  for (const [name, other] of [
    ['our face of kube-gateway', face],
    ['kube-gateway', original],
  ] as const) {
    if (other === undefined) continue;
    const request = getText(`/k8s${object}`, `Cookie: ${other.cookie}`);
    const place = { port: other.port, ca, request };
    await measureGets(`GET through ${name}, ${lanes}`, place, lanes, other.process);
  }
}
const watched = `${mountedPath}?watch=1`;
await watchDelay('watch direct', direct, getText(watched), ca);
await watchDelay('watch through the gateway', through, getText(`/k8s${watched}`, bearer), ca);
if (original !== undefined) {
  const request = getText(`/k8s${watched}`, `Cookie: ${original.cookie}`);
  await watchDelay('watch through kube-gateway', original.port, request, ca);
}
await redemptions(bench);
original?.process.kill();
face.process.kill();
bench.stop();
