import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { startProcess } from '../support/process-runner.ts';
import { makeCertificates } from '../support/router-certificates.ts';
import { freePort } from '../support/router-skrouterd.ts';
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const program = new URL('../support/router.process.ts', import.meta.url).pathname;

/** A configuration as Skupper's controller writes it, numbers and booleans as texts. */
async function writeConfig(t: TestContext, id: string, entities: readonly unknown[]) {
  const certificates = await makeCertificates();
  t.after(() => certificates.remove());
  const file = join(certificates.directory, `${id}.json`);
  writeFileSync(
    file,
    JSON.stringify([
      [
        'router',
        {
          id: `${id}-\${HOSTNAME}`,
          mode: 'interior',
          helloMaxAgeSeconds: '3',
          dataConnectionCount: '0',
          metadata: '{"id":"some-site"}',
        },
      ],
      ['sslProfile', { name: 'skupper-local-server', ordinal: '1', ...certificates.server }],
      ['address', { prefix: 'mc', distribution: 'multicast' }],
      [
        'listener',
        {
          name: '@9090',
          role: 'normal',
          port: await freePort(),
          host: '127.0.0.1',
          http: true,
          httpRootDir: 'disabled',
          healthz: true,
          metrics: true,
        },
      ],
      [
        'listener',
        {
          name: 'amqps',
          role: 'normal',
          host: '127.0.0.1',
          port: '0',
          sslProfile: 'skupper-local-server',
          saslMechanisms: 'EXTERNAL',
          authenticatePeer: 'true',
        },
      ],
      ...entities,
    ]),
  );
  return file;
}

function start(t: TestContext, file: string, ...flags: string[]) {
  return startProcess(t, process.execPath, [
    '--disable-warning=ExperimentalWarning',
    program,
    file,
    ...flags,
  ]);
}

test('a router process serves its configuration and ends with 0 on SIGTERM', async (t) => {
  const server = await serve(t, echo);
  const port = await freePort();
  const file = await writeConfig(t, 'a', [
    ['tcpConnector', { name: 'svc', address: 'svc', host: '127.0.0.1', port: `${server.port}` }],
    ['tcpListener', { name: 'svc', address: 'svc', host: '127.0.0.1', port: `${port}` }],
  ]);
  const running = start(t, file);
  const client = await until(() => dial(port, t), 'the listener is open');
  client.end('hello');
  assert.equal((await readAll(client)).toString(), 'hello');
  running.signal('SIGTERM');
  assert.deepEqual(await running.exited, { code: 0, signal: null });
  assert.equal(running.stdout, '');
  for (const line of running.stderr.trim().split('\n')) JSON.parse(line);
});

test('a router process ends with its parent: standard input is enough', async (t) => {
  const running = start(t, await writeConfig(t, 'a', []), '--exit-with-stdin');
  await until(() => running.stderr.includes('router started'), 'the router runs');
  running.stdin.end();
  assert.deepEqual(await running.exited, { code: 0, signal: null });
});

test('a router process beats each second on the descriptor it is given', async (t) => {
  const file = await writeConfig(t, 'a', []);
  const args = ['--disable-warning=ExperimentalWarning', program, file, '--heartbeat'];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  t.after(() => running.kill('SIGKILL'));
  const heard = running.stdio[3] as Readable;
  const [first] = (await once(heard, 'data')) as [Buffer];
  const [second] = (await once(heard, 'data')) as [Buffer];
  assert.deepEqual([first.toString(), second.toString()], ['.', '.']);
  // That nobody listens any more is no reason to end.
  heard.destroy();
  running.kill('SIGTERM');
  const [code] = (await once(running, 'exit')) as [number];
  assert.equal(code, 0);
});

for (const [what, entity, said] of [
  ['an unknown attribute', ['tcpListener', { port: '1', colour: 'red' }], 'colour'],
  ['an unknown type', ['teapot', {}], 'teapot'],
  ['an inter-edge listener', ['listener', { role: 'inter-edge', port: '0' }], 'inter-edge'],
] as const) {
  test(`a configuration with ${what} is refused in words`, async (t) => {
    const running = start(t, await writeConfig(t, 'a', [entity]));
    assert.equal((await running.exited).code, 1);
    assert.match(running.stderr, /router cannot start/u);
    assert.ok(running.stderr.includes(said), running.stderr);
  });
}
