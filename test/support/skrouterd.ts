/** A real skupper-router for tests, when SKROUTERD names its executable. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Path of the executable; tests that need it are skipped while it is undefined. */
export const skrouterd: string | undefined = process.env['SKROUTERD'];

/** A port of loopback that was free a moment ago: skrouterd does not tell which one it took. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface RealRouter {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one with a plain listener for clients and these further entities. */
export async function startSkrouterd(
  t: TestContext,
  id: string,
  entities: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RealRouter> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-skrouterd-'));
  const port = await freePort();
  const config = [
    ['router', { id, mode: 'interior', helloMaxAgeSeconds: '3', dataConnectionCount: '1' }],
    ['listener', { name: 'amqp', host: '127.0.0.1', port: String(port), role: 'normal' }],
    ['address', { prefix: 'mc', distribution: 'multicast' }],
    ...entities,
  ];
  const file = join(directory, 'router.json');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(skrouterd ?? '', ['-c', file], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  t.after(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return { port, stop };
}
