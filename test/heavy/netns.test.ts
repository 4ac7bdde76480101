/** Two `up` processes on two machines, which are network namespaces joined by a cable. */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { startUp, type Up } from '../support/up-process.ts';
import { waitUntil } from '../support/process-wait.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

interface Machine {
  readonly name: string;
  readonly address: string;
  readonly prefix: readonly string[];
}

const echo = fileURLToPath(new URL('../support/up-echo.process.ts', import.meta.url));
const skip = await reasonToSkip();

async function reasonToSkip(): Promise<string | false> {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const probe = `dbt-${process.pid}-probe`;
  const made = await runProcess('ip', ['netns', 'add', probe]).catch(() => undefined);
  if (made === undefined) return 'ip not found: install iproute2';
  if (made.code !== 0) return `no network namespaces here: ${made.stderr.trim()}`;
  await runProcess('ip', ['netns', 'del', probe]);
  return false;
}

/** Two namespaces joined by a pair of interfaces; removed with the test. */
async function twoMachines(t: TestContext): Promise<readonly [Machine, Machine]> {
  const id = process.pid % 100_000;
  const machine = (letter: string, last: number): Machine => {
    const name = `dbt-${id}-${letter}`;
    return { name, address: `10.231.17.${last}`, prefix: ['ip', 'netns', 'exec', name] };
  };
  const [a, b] = [machine('a', 1), machine('b', 2)];
  const ip = async (...args: string[]): Promise<string> => succeeded(await runProcess('ip', args));
  for (const { name } of [a, b]) {
    await ip('netns', 'add', name);
    t.after(() => runProcess('ip', ['netns', 'del', name]));
  }
  const [cableA, cableB] = [`dbt${id}a`, `dbt${id}b`];
  await ip(
    'link',
    'add',
    cableA,
    'netns',
    a.name,
    'type',
    'veth',
    'peer',
    'name',
    cableB,
    'netns',
    b.name,
  );
  for (const [{ name, address }, cable] of [
    [a, cableA],
    [b, cableB],
  ] as const) {
    await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', cable);
    await ip('-n', name, 'link', 'set', cable, 'up');
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  return [a, b];
}

async function startOn(t: TestContext, { prefix, address }: Machine): Promise<Up> {
  return startUp(t, { prefix, args: ['--listen', address] });
}

/** An HTTP server on a machine's loopback; gives its port. */
async function startEcho(t: TestContext, { prefix }: Machine, text: string): Promise<string> {
  const [command, ...args] = [...prefix, process.execPath, echo, text];
  const server = startProcess(t, command, args);
  const [, port = ''] = await server.waitForOutput(/^listening (\d+)$/m);
  return port;
}

/** Offers a service of one machine to the other and asks for it there. */
async function serveAcross(t: TestContext, from: Side, to: Side): Promise<void> {
  const key = `from-${from.site}`;
  const port = await startEcho(t, from.machine, key);
  const connector = ['connector', 'create', key, port, '--host', '127.0.0.1'];
  succeeded(await from.up.cli(...connector, '-n', from.site));
  const listener = ['listener', 'create', key, '8080', '--host', '127.0.0.1', '--wait', 'ready'];
  succeeded(await to.up.cli(...listener, '-n', to.site));
  const [command = '', ...before] = to.machine.prefix;
  const get = `const r = await fetch('http://127.0.0.1:8080/'); console.log(await r.text())`;
  await waitUntil(`${key} in ${to.site}`, async () => {
    const args = [...before, process.execPath, '--input-type=module', '-e', get];
    assert.equal(succeeded(await runProcess(command, args)).trim(), key);
    return true;
  });
  succeeded(await to.up.cli('listener', 'delete', key, '-n', to.site));
  succeeded(await from.up.cli('connector', 'delete', key, '-n', from.site));
}

/** Drops what would open a connection to a machine; answers to its own connections pass. */
async function closeTo({ prefix, address }: Machine): Promise<void> {
  const [command, ...before] = prefix;
  const nft = async (rules: string): Promise<void> => {
    succeeded(await runProcess(command ?? '', [...before, 'nft', '-f', '-'], { input: rules }));
  };
  await nft(`table inet guard {
    chain incoming {
      type filter hook input priority 0; policy accept;
      iif != "lo" ip daddr ${address} tcp flags & (syn | ack) == syn drop
    }
  }`);
}

/** True when a connection from one machine to a port of another comes about. */
async function reaches(from: Machine, url: string): Promise<boolean> {
  const { hostname: host, port } = new URL(url);
  const dial = `import { connect } from 'node:net';
    const socket = connect(${port}, '${host}', () => process.exit(0));
    socket.setTimeout(2000, () => process.exit(1)).on('error', () => process.exit(1));`;
  const [command = '', ...before] = from.prefix;
  const args = [...before, process.execPath, '--input-type=module', '-e', dial];
  return (await runProcess(command, args)).code === 0;
}

interface Side {
  readonly machine: Machine;
  readonly up: Up;
  readonly site: string;
}

async function twoSites(t: TestContext): Promise<readonly [Side, Side]> {
  const [a, b] = await twoMachines(t);
  const [upA, upB] = [await startOn(t, a), await startOn(t, b)];
  return [
    { machine: a, up: upA, site: 'alpha' },
    { machine: b, up: upB, site: 'beta' },
  ];
}

/** A token of one site, carried to the other machine. */
async function carryToken(from: Side, to: Side): Promise<string> {
  const written = join(from.up.home, 'token.yaml');
  succeeded(await from.up.cli('token', 'issue', written, '-n', from.site));
  const carried = join(to.up.home, 'carried.yaml');
  await copyFile(written, carried);
  return carried;
}

const create = ['site', 'create', '--create-namespace'];

async function linkThem(dialer: Side, target: Side): Promise<void> {
  const open = [...create, target.site, '-n', target.site, '--enable-link-access'];
  succeeded(await target.up.cli(...open));
  succeeded(await dialer.up.cli(...create, dialer.site, '-n', dialer.site));
  const carried = await carryToken(target, dialer);
  succeeded(await dialer.up.cli('token', 'redeem', carried, '-n', dialer.site));
  await linkReady(dialer.up, dialer.site);
}

async function endBoth(...sides: readonly Side[]): Promise<void> {
  for (const { up } of sides) assert.equal((await up.stop()).code, 0, up.process.describe());
}

for (const direction of ['a links to b', 'b links to a'] as const) {
  test(`two machines: ${direction}, services both ways`, { skip }, async (t) => {
    const [a, b] = await twoSites(t);
    const [dialer, target] = direction === 'a links to b' ? [a, b] : [b, a];
    await linkThem(dialer, target);
    await serveAcross(t, a, b);
    await serveAcross(t, b, a);
    await endBoth(a, b);
  });
}

const firewallSkip =
  skip === false && (await runProcess('nft', ['--version']).catch(() => undefined))?.code !== 0
    ? 'nft not found: install nftables'
    : skip;

test('a firewall that lets nobody in: linked from behind it, services both ways', {
  skip: firewallSkip,
}, async (t) => {
  const [open, hidden] = await twoSites(t);
  assert.ok(await reaches(open.machine, hidden.up.ready.grantServer));
  await closeTo(hidden.machine);
  assert.ok(!(await reaches(open.machine, hidden.up.ready.grantServer)), 'the firewall is shut');
  assert.ok(await reaches(hidden.machine, open.up.ready.grantServer));

  await linkThem(hidden, open);
  const why = await hidden.up.cli('why', `site/${hidden.site}`, '-n', hidden.site);
  assert.equal(why.code, 0, why.stdout);
  await serveAcross(t, open, hidden);
  await serveAcross(t, hidden, open);
  assert.ok(!(await reaches(open.machine, hidden.up.ready.grantServer)), 'it has stayed shut');

  // The wrong way round cannot work, and the cause is named.
  const access = ['site', 'update', '--enable-link-access', '-n', hidden.site];
  succeeded(await hidden.up.cli(...access));
  const wrong = await carryToken(hidden, open);
  const redeemed = await open.up.cli('token', 'redeem', wrong, '-n', open.site, '--timeout', '10s');
  assert.equal(redeemed.code, 1);
  const name = /Token "(.+?)"/.exec(redeemed.stderr)?.[1] ?? '';
  const told = await open.up.cli('why', `token/${name}`, '-n', open.site);
  assert.equal(told.code, 1);
  assert.match(told.stdout, /Cause: 10\.231\.17\.\d:\d+ does not answer: a firewall drops/);
  await endBoth(open, hidden);
});
