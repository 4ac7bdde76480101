/** Starts the load of traffic.process.ts in processes of its own and reads its results. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const script = join(import.meta.dirname, 'traffic.process.ts');

function run(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** The first line that the child prints, as JSON. */
function firstLine<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as T);
    });
    child.once('exit', (code) =>
      reject(new RangeError(`load process ended with ${code}: ${text}`)),
    );
  });
}

export interface TrafficServer {
  readonly port: number;
  stop(): void;
}

export async function startServer(): Promise<TrafficServer> {
  const child = run(['server']);
  const { port } = await firstLine<{ port: number }>(child);
  return { port, stop: () => child.stdin?.end() };
}

export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Payload bytes per second in one direction. */
export async function bulk(
  port: number,
  direction: 'up' | 'down',
  streams: number,
  seconds: number,
): Promise<number> {
  const child = run(['bulk', '127.0.0.1', `${port}`, direction, `${streams}`, `${seconds}`]);
  return (await firstLine<{ bytesPerSecond: number }>(child)).bytesPerSecond;
}

export function requests(port: number, connections: number, seconds: number): Promise<Rate> {
  return firstLine(run(['requests', '127.0.0.1', `${port}`, `${connections}`, `${seconds}`]));
}

export function connects(port: number, concurrent: number, seconds: number): Promise<Rate> {
  return firstLine(run(['connects', '127.0.0.1', `${port}`, `${concurrent}`, `${seconds}`]));
}

/** Opens connections and keeps them until `release` is called. */
export async function hold(port: number, connections: number): Promise<{ release(): void }> {
  const child = run(['hold', '127.0.0.1', `${port}`, `${connections}`]);
  await firstLine(child);
  return { release: () => child.stdin?.end() };
}
