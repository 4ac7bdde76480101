/**
 * Bulk and request rates through two routers over mutual TLS, as ratios to a direct loopback
 * connection of the same load, and to a pair of real skupper-routers when SKROUTERD names one.
 * Rates depend on what else runs on the machine; processor time per unit, the sum of both routers,
 * depends on it less.
 */
import {
  cpuSeconds,
  ourRouter,
  realRouter,
  residentBytes,
  type RouterKind,
  startPair,
} from './topology.ts';
import { bulk, connects, hold, requests, startServer } from './traffic.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4);
const held = 1000;
/** Bulk and requests run this long before they are counted. */
const warmUpSeconds = 0.5;

export interface Figures {
  readonly path: string;
  readonly upMBps: number;
  readonly downMBps: number;
  readonly up4MBps: number;
  readonly requestsPerSecond: number;
  readonly requestsP99Ms: number;
  readonly connectsPerSecond: number;
  readonly connectsP99Ms: number;
  readonly cpuSecondsPerGB?: number;
  readonly cpuUsPerRequest?: number;
  readonly cpuUsPerConnect?: number;
  readonly idleMiB?: readonly number[];
  readonly KiBPerConnection?: readonly number[];
}

async function rates(path: string, port: number, pids: readonly number[]): Promise<Figures> {
  const mega = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  const cpu = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const marks = [cpu()];
  const up = await bulk(port, 'up', 1, seconds);
  marks.push(cpu());
  const down = await bulk(port, 'down', 1, seconds);
  const up4 = await bulk(port, 'up', 4, seconds);
  marks.push(cpu());
  const request = await requests(port, 32, seconds);
  marks.push(cpu());
  const connection = await connects(port, 32, seconds);
  marks.push(cpu());
  const [start = 0, afterUp = 0, beforeRequests = 0, afterRequests = 0, end = 0] = marks;
  const counted = seconds + warmUpSeconds;
  const micro = (cpuTime: number, count: number): number =>
    Math.round((cpuTime / count) * 1e7) / 10;
  return {
    path,
    upMBps: mega(up),
    downMBps: mega(down),
    up4MBps: mega(up4),
    requestsPerSecond: request.perSecond,
    requestsP99Ms: request.p99Ms,
    connectsPerSecond: connection.perSecond,
    connectsP99Ms: connection.p99Ms,
    ...(pids.length === 0
      ? {}
      : {
          cpuSecondsPerGB: Math.round(((afterUp - start) / (up * counted)) * 1e11) / 100,
          cpuUsPerRequest: micro(afterRequests - beforeRequests, request.perSecond * counted),
          cpuUsPerConnect: micro(end - afterRequests, connection.perSecond * seconds),
        }),
  };
}

async function pair(kind: RouterKind, serverPort: number): Promise<Figures> {
  const topology = await startPair(kind, kind, serverPort);
  try {
    const idle = topology.pids.map(residentBytes);
    const holding = await hold(topology.port, held);
    const loaded = topology.pids.map(residentBytes);
    holding.release();
    const figures = await rates(kind.name, topology.port, topology.pids);
    return {
      ...figures,
      idleMiB: idle.map((bytes) => Math.round(bytes / 2 ** 20)),
      KiBPerConnection: loaded.map(
        (bytes, index) => Math.round((bytes - (idle[index] ?? 0)) / held / 102.4) / 10,
      ),
    };
  } finally {
    await topology.stop();
  }
}

const server = await startServer();
const results: Figures[] = [
  await rates('direct', server.port, []),
  await pair(ourRouter, server.port),
];
const real = realRouter();
if (real) results.push(await pair(real, server.port));
else console.log('skupper-router: skipped, set SKROUTERD to its executable to compare with it');
server.stop();
console.table(results);
const [direct, ours, theirs] = results;
const ratio = (
  key: 'upMBps' | 'downMBps' | 'up4MBps' | 'requestsPerSecond' | 'connectsPerSecond',
  base?: Figures,
): string => (ours && base ? (ours[key] / base[key]).toFixed(2) : '-');
for (const key of [
  'upMBps',
  'downMBps',
  'up4MBps',
  'requestsPerSecond',
  'connectsPerSecond',
] as const) {
  console.log(`${key}: ${ratio(key, direct)} of direct, ${ratio(key, theirs)} of skupper-router`);
}
