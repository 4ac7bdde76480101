import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from '#base/log.ts';
import { acceptsTcp, type ProcessSpec, Supervisor, untilReady } from '#supervisor/index.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

const childFile = fileURLToPath(new URL('./child.mjs', import.meta.url));

interface Line {
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

function listLogger(lines: Line[], inherited: Readonly<Record<string, unknown>> = {}): Logger {
  const at =
    (level: string) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, facts: { ...inherited, ...facts } });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (facts) => listLogger(lines, { ...inherited, ...facts }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

function newSupervisor(t: TestContext, lines: Line[] = []): Supervisor {
  const supervisor = new Supervisor(
    { clock: systemClock, random: systemRandom, log: listLogger(lines) },
    { backoff: { firstMs: 5, maxMs: 50, factor: 2, jitter: 0 }, silentMsMax: 2000 },
  );
  t.after(() => supervisor.stop({ graceMs: 200 }));
  return supervisor;
}

function specOf(port: number, mode: string): ProcessSpec {
  return {
    name: 'child',
    command: process.execPath,
    args: [childFile, `${port}`, mode],
    env: {},
    probe: () => acceptsTcp('127.0.0.1', port),
  };
}

test('a process becomes ready, and after being killed it comes back', async (t) => {
  const port = await freePort();
  const child = await newSupervisor(t).ensure(specOf(port, 'serve'));
  await untilReady(child, 10_000);
  const { pid } = child;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await until(() => child.startCount === 2 && child.state === 'ready', 'the second start');
  assert.notEqual(child.pid, pid);
  assert.ok(await acceptsTcp('127.0.0.1', port));
});

test('ensuring the same command keeps the process, another one replaces it', async (t) => {
  const port = await freePort();
  const supervisor = newSupervisor(t);
  const first = await supervisor.ensure(specOf(port, 'serve'));
  await untilReady(first, 10_000);
  assert.equal(await supervisor.ensure(specOf(port, 'serve')), first);
  const second = await supervisor.ensure(specOf(port, 'other'));
  assert.equal(first.state, 'stopped');
  await untilReady(second, 10_000);
});

test('a process that ignores SIGTERM is killed after the grace period', async (t) => {
  const port = await freePort();
  const child = await newSupervisor(t).ensure(specOf(port, 'deaf'));
  await untilReady(child, 10_000);
  await child.stop({ graceMs: 20 });
  assert.equal(child.state, 'stopped');
  assert.equal(await acceptsTcp('127.0.0.1', port), false);
});

test('a process that crashes at once is started again and again, with pauses', async (t) => {
  const lines: Line[] = [];
  const child = await newSupervisor(t, lines).ensure(specOf(1, 'crash'));
  await until(() => child.startCount >= 3, 'three starts');
  assert.ok(lines.some((line) => line.message === 'process ended' && line.facts['code'] === 3));
});

test('a process that hangs is killed and comes back, though its port still accepts', async (t) => {
  const lines: Line[] = [];
  const port = await freePort();
  const spec = { ...specOf(port, 'stuck'), hasHeartbeat: true };
  const child = await newSupervisor(t, lines).ensure(spec);
  await untilReady(child, 10_000);
  const { pid } = child;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  socket.write('hang');
  await until(() => child.startCount === 2 && child.state === 'ready', 'the second start');
  assert.notEqual(child.pid, pid);
  const ends = lines.filter(({ message }) => message.startsWith('process hangs'));
  assert.deepEqual(
    ends.map(({ facts }) => facts),
    [{ process: 'child', silentMs: 2000 }],
  );
});

test('a process that beats is left alone, and so is one that need not', async (t) => {
  const lines: Line[] = [];
  const [beatingPort, quietPort] = [await freePort(), await freePort()];
  const supervisor = newSupervisor(t, lines);
  const beating = await supervisor.ensure({
    ...specOf(beatingPort, 'beating'),
    name: 'beating',
    hasHeartbeat: true,
  });
  const quiet = await supervisor.ensure(specOf(quietPort, 'serve'));
  await Promise.all([untilReady(beating, 10_000), untilReady(quiet, 10_000)]);
  await pause(3000);
  assert.deepEqual([beating.startCount, quiet.startCount], [1, 1]);
  assert.deepEqual(
    lines.filter(({ level }) => level === 'warn'),
    [],
  );
});

test('a command that does not exist is retried, not thrown', async (t) => {
  const lines: Line[] = [];
  const supervisor = newSupervisor(t, lines);
  const spec = { ...specOf(1, 'serve'), command: '/nonexistent/program' };
  const child = await supervisor.ensure(spec);
  await until(() => child.startCount >= 2, 'a second start');
  assert.ok(lines.some((line) => String(line.facts['error']).includes('ENOENT')));
});

test('output lines are logged with their level and the name of the process', async (t) => {
  const lines: Line[] = [];
  const port = await freePort();
  await newSupervisor(t, lines).ensure(specOf(port, 'serve'));
  const line = await until(
    () => lines.find(({ message }) => message === 'child started'),
    'the JSON line',
  );
  assert.deepEqual(line.facts, { process: 'child', mode: 'serve' });
  await until(() => lines.some(({ facts }) => facts['line'] === 'plain text'), 'the plain line');
});

test('children end when the supervising process is killed', async (t) => {
  const port = await freePort();
  const parentCode = `
    import { Supervisor } from '#supervisor/index.ts';
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
    const random = { bytes: (size) => new Uint8Array(size) };
    const supervisor = new Supervisor({ clock, random, log });
    await supervisor.ensure({ name: 'child', command: process.execPath,
      args: [${JSON.stringify(childFile)}, '${port}', 'serve'], env: {}, probe: async () => true });
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentCode], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'ignore',
  });
  t.after(() => parent.kill('SIGKILL'));
  await until(() => acceptsTcp('127.0.0.1', port), 'the grandchild');
  parent.kill('SIGKILL');
  await until(async () => !(await acceptsTcp('127.0.0.1', port)), 'its end');
});
