/**
 * Long answers and streams through the gateway: how fast an exec's output comes, what it costs, and
 * how much memory the gateway takes while a slow client reads 1 GiB.
 */
import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { startOurFace } from './original.ts';
import {
  type Bench,
  cpuSeconds,
  dial,
  getText,
  mountedPath,
  pause,
  residentMiB,
  seconds,
  startBench,
} from './parts.ts';

const gib = 1024 ** 3;
/** A slow client takes so much at once, and then nothing until the next burst. */
const burst = { bytes: 8 * 1024 * 1024, everyMs: 125 };

function askList(bytes: number, prefix: string, token: string): string {
  return getText(`${prefix}${mountedPath}?bytes=${bytes}`, `Authorization: Bearer ${token}`);
}

function askExec(bytes: number, prefix: string, token: string): string {
  const path = `${prefix}/api/v1/namespaces/default/pods/p/exec?command=x&stdout=1&bytes=${bytes}`;
  return getText(
    path,
    `Authorization: Bearer ${token}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  );
}

/** Reads until the other side closes or `bytes` have come. @returns the bytes */
async function read(
  socket: TLSSocket,
  bytes: number,
  onChunk: (size: number) => void = () => undefined,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let got = 0;
  socket.on('data', (chunk: Buffer) => {
    if (got === 0 && !/^HTTP\/1\.1 (?:200|101)/.test(chunk.toString('latin1', 0, 12))) {
      console.log(chunk.toString('latin1', 0, 400));
    }
    got += chunk.length;
    onChunk(chunk.length);
    if (got >= bytes) socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => resolve());
  await promise;
  return got;
}

async function throughput(name: string, port: number, ask: string, bench: Bench): Promise<void> {
  const socket = await dial(port, bench.ca);
  const cpu = cpuSeconds(bench.gateway);
  const begun = performance.now();
  socket.write(ask);
  setTimeout(() => socket.destroy(), seconds * 1000);
  const got = await read(socket, Number.POSITIVE_INFINITY);
  const lasted = (performance.now() - begun) / 1000;
  const used = (cpuSeconds(bench.gateway) - cpu) / (got / gib);
  const spent = port === bench.through ? `  ${used.toFixed(2)} s of its processor per GiB` : '';
  console.log(`${name.padEnd(40)} ${(got / lasted / 1e6).toFixed(0)} MB/s${spent}`);
}

type Place = Pick<Bench, 'gateway' | 'through' | 'ca'>;

async function memory(name: string, ask: string, bytes: number, bench: Place): Promise<void> {
  const socket = await dial(bench.through, bench.ca);
  const before = residentMiB(bench.gateway);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentMiB(bench.gateway));
  }, 50);
  let taken = 0;
  const clock = setInterval(() => {
    taken = 0;
    socket.resume();
  }, burst.everyMs);
  socket.write(ask);
  const begun = performance.now();
  const got = await read(socket, bytes, (size) => {
    taken += size;
    if (taken >= burst.bytes) socket.pause();
  });
  clearInterval(clock);
  clearInterval(watch);
  const lasted = (performance.now() - begun) / 1000;
  console.log(
    `${name.padEnd(40)} ${(got / 1e6).toFixed(0)} MB in ${lasted.toFixed(0)} s  ${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most: ${(most - before).toFixed(0)} more`,
  );
}

/** Watches of one grant, each on connections of its own on both sides, while events flow. */
async function watches(count: number, { gateway, through, ca, token }: Bench): Promise<void> {
  const before = residentMiB(gateway);
  const cpu = cpuSeconds(gateway);
  const request = getText(`/k8s${mountedPath}?watch=1`, `Authorization: Bearer ${token}`);
  let events = 0;
  const sockets: TLSSocket[] = [];
  for (let at = 0; at < count; at++) {
    const socket = await dial(through, ca);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      events += chunk.toString('latin1').split('BOOKMARK').length - 1;
    });
    socket.write(request);
    sockets.push(socket);
  }
  await pause(seconds * 1000);
  const each = ((residentMiB(gateway) - before) * 1024) / count;
  const used = ((cpuSeconds(gateway) - cpu) / events) * 1e6;
  for (const socket of sockets) socket.destroy();
  console.log(
    `${`${count} watches`.padEnd(40)} ${each.toFixed(0)} KiB each  ${events} events, ${used.toFixed(0)} us of its processor each`,
  );
}

const bench = await startBench();
const { direct, through, token } = bench;
// Memory first: what a busy gateway has taken already would hide it.
await memory(
  '(warming up) a list of 64 MB',
  askList(64 * 1024 ** 2, '/k8s', token),
  64 * 1024 ** 2,
  bench,
);
await pause(1000);
await memory('a list of 1 GiB, 64 MB/s in bursts', askList(gib, '/k8s', token), gib, bench);
await pause(1000);
await memory('an exec of 1 GiB, 64 MB/s in bursts', askExec(2 * gib, '/k8s', token), gib, bench);
await pause(1000);
const face = await startOurFace(bench);
const faced = { gateway: face.process, through: face.port, ca: bench.ca };
const withCookie = (bytes: number): string =>
  getText(`/k8s${mountedPath}?bytes=${bytes}`, `Cookie: ${face.cookie}`);
await memory(
  '(warming up) our face of kube-gateway',
  withCookie(64 * 1024 ** 2),
  64 * 1024 ** 2,
  faced,
);
await pause(1000);
await memory('a list of 1 GiB through our face of it', withCookie(gib), gib, faced);
face.process.kill();
await watches(60, bench);
await throughput('exec output direct', direct, askExec(64 * gib, '', token), bench);
await throughput(
  'exec output through the gateway',
  through,
  askExec(64 * gib, '/k8s', token),
  bench,
);
await throughput('list direct', direct, askList(64 * gib, '', token), bench);
await throughput('list through the gateway', through, askList(64 * gib, '/k8s', token), bench);
bench.stop();
