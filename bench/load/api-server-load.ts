/** A load generator for Kubernetes APIs: requests in lanes, watches, memory; used on any server. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

export interface Served {
  readonly origin: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const secondsPerCase = Number(process.env['BENCH_SECONDS'] ?? 4);

/** The collection that is written to. */
export const maps = '/api/v1/namespaces/default/configmaps';

/** Resident memory of processes; mebibytes. */
export function residentMiB(...pids: readonly (number | undefined)[]): number {
  const kib = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  });
  return Math.round(kib.reduce((sum, each) => sum + each, 0) / 1024);
}

/** Ticks of the kernel's accounts; milliseconds. */
const tickMs = 10;

/** Processor time that processes have used; milliseconds. It hardly depends on what else runs. */
export function processorMs(...pids: readonly (number | undefined)[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, each) => sum + each, 0) * tickMs;
}

export type Call = (method: string, path: string, body?: string) => Promise<string>;

export function caller(served: Served, agent: Agent): Call {
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
export async function measure(
  name: string,
  lanes: number,
  work: () => Promise<unknown>,
): Promise<void> {
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

export async function openWatches(
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

export function identity({ ca, cert, key }: Served): { ca: string; cert: string; key: string } {
  return { ca, cert, key };
}

/** Seconds that one case lasts. */
export const caseSeconds: number = secondsPerCase;
