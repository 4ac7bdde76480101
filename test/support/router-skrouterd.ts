/** A real skrouterd beside ours: configuration, start, end. SKROUTERD names the executable. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Attributes } from '#router/index.ts';
import { startProcess } from './process-runner.ts';
import type { TestCertificates } from './router-certificates.ts';
import { until } from './until.ts';

export const skrouterdPath: string | undefined = process.env['SKROUTERD'];

/** Reason to skip; false when there is one. */
export const skrouterdSkip: string | false =
  skrouterdPath === undefined ? 'set SKROUTERD to the executable of skupper-router' : false;

export interface RealRouter {
  readonly id: string;
  /** Where it accepts interior routers; nobody listens in mode edge. */
  readonly linkPort: number;
  /** Where it accepts edge routers; nobody listens in mode edge. */
  readonly edgePort: number;
  log(): string;
}

/** A port that was free a moment ago: skrouterd does not tell which one it took. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      );
    });
  });
}

/**
 * Starts one with listeners for routers and the entities given; it ends with the test.
 * @param settings further attributes of its `router` entity
 */
export async function startRealRouter(
  t: TestContext,
  id: string,
  certificates: TestCertificates,
  entities: readonly (readonly [string, Attributes])[] = [],
  settings: Attributes = {},
): Promise<RealRouter> {
  const linkPort = await freePort();
  const edgePort = await freePort();
  const config = [
    ['router', { id, mode: 'interior', ...settings }],
    ['sslProfile', { name: 'server', ...certificates.server }],
    ['sslProfile', { name: 'client', ...certificates.client }],
    ['address', { prefix: 'mc', distribution: 'multicast' }],
    ...(settings['mode'] === 'edge'
      ? []
      : [accepting('inter-router', linkPort), accepting('edge', edgePort)]),
    ...entities,
  ];
  const file = join(certificates.directory, `${id}.json`);
  writeFileSync(file, JSON.stringify(config));
  const child = startProcess(t, skrouterdPath ?? 'skrouterd', ['-c', file]);
  await until(() => child.stderr.includes('Operational'), `${id} runs`);
  return { id, linkPort, edgePort, log: () => child.stderr };
}

function accepting(role: string, port: number): readonly [string, Attributes] {
  return [
    'listener',
    {
      name: role,
      role,
      host: '127.0.0.1',
      port,
      sslProfile: 'server',
      saslMechanisms: 'EXTERNAL',
      authenticatePeer: true,
    },
  ];
}
