/** The processes of the gateway's benchmarks, and a load generator that costs little itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { ensureServerFiles } from '#apiserver/index.ts';
import { systemClock } from '../../../test/support/system.ts';

export const seconds = Number(process.env['BENCH_SECONDS'] ?? 4);
export const mountedPath = '/api/v1/namespaces/default/configmaps';

export interface Bench {
  readonly pki: string;
  readonly ca: string;
  readonly upstream: ChildProcess;
  /** Port of the upstream. */
  readonly direct: number;
  readonly gateway: ChildProcess;
  readonly through: number;
  readonly token: string;
  readonly codes: readonly string[];
  /** Signs tokens that kube-gateway takes. */
  readonly linkKey: KeyObject;
  stop(): void;
}

/** Starts a program of this folder; resolves with its first line. */
async function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<[ChildProcess, string]> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, program), ...args],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  );
  let text = '';
  while (!text.includes('\n')) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return [child, text];
}

export async function startBench(): Promise<Bench> {
  const pki = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  const { ca } = await ensureServerFiles({ clock: systemClock }, { directory: pki, hosts: [] });
  const identity = ['crt', 'key'].map((ending) => join(pki, `apiserver.${ending}`));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [upstream, served] = await start('upstream.process.ts', identity, {
    LINK_KEY: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })).toString('base64'),
  });
  const { port: direct } = JSON.parse(served) as { port: number };
  const audit = join(pki, 'audit.jsonl');
  const [gateway, told] = await start('gateway.process.ts', [
    pki,
    `https://127.0.0.1:${direct}`,
    audit,
  ]);
  const { origin, token, codes } = JSON.parse(told) as {
    origin: string;
    token: string;
    codes: string[];
  };
  return {
    pki,
    ca,
    upstream,
    direct,
    gateway,
    through: Number(new URL(origin).port),
    token,
    codes,
    linkKey: privateKey,
    stop: () => {
      gateway.stdin?.end();
      upstream.stdin?.end();
      rmSync(pki, { recursive: true, force: true });
    },
  };
}

/** User and system time so far, in seconds. */
export function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory now, in MiB. */
export function residentMiB({ pid }: ChildProcess): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

export function dial(port: number, ca: string): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secureContext = createSecureContext({ ca });
  const socket = connect({ port, host: '127.0.0.1', secureContext }, () => {
    socket.setNoDelay(true);
    resolve(socket);
  });
  socket.once('error', reject);
  return promise;
}

/** A GET as kubectl sends it. */
export function getText(path: string, ...headers: string[]): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Accept: application/json',
    'Accept-Encoding: gzip',
    'User-Agent: kubectl/v1.37.2 (linux/amd64)',
    ...headers,
    '\r\n',
  ].join('\r\n');
}

/** Requests before anything is measured: afterwards the code is compiled. */
const warmUp = 10_000;
const warmUpMsMax = 12_000;

/** Sends the same GET over `lanes` connections, and prints rate, times and the gateway's work. */
export async function measureGets(
  name: string,
  place: { readonly port: number; readonly ca: string; readonly request: string },
  lanes: number,
  gateway?: ChildProcess,
): Promise<number | undefined> {
  const took: number[] = [];
  let [wrong, ended] = [0, false];
  const lane = async (): Promise<void> => {
    const socket = await dial(place.port, place.ca);
    let [begun, text, whole] = [performance.now(), '', -1];
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (whole < 0) {
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        whole = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
        if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(whole)) wrong++;
      }
      if (text.length < whole) return;
      const now = performance.now();
      took.push(now - begun);
      if (ended) {
        socket.destroy();
        return;
      }
      [begun, text, whole] = [now, '', -1];
      socket.write(place.request);
    });
    socket.on('close', () => resolve());
    socket.write(place.request);
    await promise;
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  const warm = performance.now() + warmUpMsMax;
  while (took.length < warmUp && performance.now() < warm) await pause(20);
  took.length = 0;
  const cpu = gateway === undefined ? 0 : cpuSeconds(gateway);
  const begun = performance.now();
  await pause(seconds * 1000);
  const lasted = (performance.now() - begun) / 1000;
  const times = took.toSorted((a, b) => a - b);
  const used = gateway === undefined ? undefined : (cpuSeconds(gateway) - cpu) / times.length;
  ended = true;
  await all;
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  const perCore =
    used === undefined
      ? ''
      : `  ${(used * 1e6).toFixed(0)} us of its processor each, ${Math.round(1 / used)} a second`;
  console.log(
    `${name.padEnd(40)} ${String(Math.round(times.length / lasted)).padStart(6)}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms${perCore}${wrong > 0 ? `  ${wrong} WRONG` : ''}`,
  );
  return used;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
