/** Sites with two routers each: one is killed, added, taken away, and nobody else notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificate, link, securedAccess, type Site, site } from '#apis/index.ts';
import { configMap, event, type KubeObject, service } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { processesWith, survivorsSkip } from '../support/process-survivors.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { noProcessLeft, startUp, temporaryFolder, type Up } from '../support/up-process.ts';
import { listOf, succeeded } from '../support/up-sites.ts';

/** Enough that both routers get some: the system spreads them. */
const heldCount = 16;

/** A server that sends back whatever it gets. */
async function startEcho(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An open connection through the network. */
interface Held {
  readonly isOpen: () => boolean;
  /** Sends something and gets it back; false when the connection ends instead. */
  readonly works: () => Promise<boolean>;
}

async function hold(t: TestContext, { host, port }: Address): Promise<Held> {
  const socket = connect(port, host);
  t.after(() => socket.destroy());
  let open = true;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    open = false;
  });
  await once(socket, 'connect');
  const works = async (): Promise<boolean> => {
    const sent = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onData = (chunk: Buffer): void => resolve(chunk.toString() === sent);
    const onClose = (): void => resolve(false);
    socket.once('data', onData).once('close', onClose);
    if (open) socket.write(sent);
    else resolve(false);
    const answer = await promise;
    socket.off('data', onData).off('close', onClose);
    return answer;
  };
  assert.ok(await works(), 'the connection was refused');
  return { isOpen: () => open, works };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

const held = async (t: TestContext, address: Address): Promise<readonly Held[]> => {
  const all: Held[] = [];
  while (all.length < heldCount) all.push(await hold(t, address));
  return all;
};

const working = async (all: readonly Held[]): Promise<readonly Held[]> => {
  const answers = await Promise.all(all.map((each) => each.works()));
  return all.filter((_each, index) => answers[index]);
};

/** Two sites with two routers each, and a listener in east whose Service has an address of its own. */
async function twoByTwo(t: TestContext, up: Up, echo: number): Promise<Address> {
  for (const name of ['west', 'east']) {
    const flags = ['--enable-link-access', '--enable-ha', '--create-namespace'];
    succeeded(await up.cli('site', 'create', name, '-n', name, ...flags));
  }
  const token = join(up.home, 'token.yaml');
  succeeded(await up.cli('token', 'create', token, '-n', 'west', '--name', 'pair'));
  succeeded(await up.cli('token', 'redeem', token, '-n', 'east'));
  const connector = ['connector', 'create', 'echo', String(echo), '--host', '127.0.0.1'];
  succeeded(await up.cli(...connector, '-n', 'west'));
  succeeded(await up.cli('listener', 'create', 'echo', '7000', '-n', 'east', '--wait', 'ready'));
  const client = await clientOf(t, up);
  const front = await client.get(service, { namespace: 'east', name: 'echo' });
  const host = front.spec?.clusterIP ?? '';
  assert.match(host, /^127\./);
  return { host, port: 7000 };
}

/** Process ids of the routers of a site, the first one first. */
function routersOf(data: string, name: string): readonly number[] {
  const folder = join(data, 'sites', name);
  return [join(folder, 'router.json'), join(folder, 'skupper-router-2', 'router.json')].flatMap(
    (config) => processesWith(`--config ${config} `).map(({ pid }) => pid),
  );
}

/** Kills a process and waits until its sockets are closed: what it has accepted dies with it. */
async function killed(pid: number): Promise<void> {
  // Of no process, the signal would go to our own group.
  assert.ok(pid > 1, `no process to kill: ${pid}`);
  process.kill(pid, 'SIGKILL');
  await waitUntil('the end of the process', () => !existsSync(`/proc/${pid}`));
}

async function siteOf(client: KubeClient, name: string): Promise<Site> {
  return await client.get(site, { namespace: name, name });
}

function groupsOf({ status }: Site): readonly string[] {
  return [...new Set((status?.endpoints ?? []).map(({ group = '' }) => group))];
}

test('a site with two routers', { skip: survivorsSkip }, async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const up = await startUp(t, { data, home });
  const client = await clientOf(t, up);
  const address = await twoByTwo(t, up, await startEcho(t));
  const setHa = async (ha: boolean): Promise<void> => {
    const flag = ha ? '--enable-ha' : '--enable-ha=false';
    succeeded(await up.cli('site', 'update', 'east', '-n', 'east', flag));
    await waitUntil('the routers that are wanted', () => {
      return routersOf(data, 'east').length === (ha ? 2 : 1);
    });
  };

  await t.test('offers both routers, and one token links all four', async () => {
    const west = await siteOf(client, 'west');
    assert.deepEqual(groupsOf(west), ['skupper-router', 'skupper-router-2']);
    assert.equal(new Set(west.status?.endpoints?.map(({ port }) => port)).size, 4);
    await waitUntil('both links', async () => {
      const links = await listOf(up, 'link', 'east');
      assert.deepEqual(
        links.map(({ metadata, status }) => [
          metadata.name,
          status?.status,
          status?.remoteSiteName,
        ]),
        [
          ['pair-1', 'Ready', 'west'],
          ['pair-2', 'Ready', 'west'],
        ],
      );
      const { status } = await siteOf(client, 'east');
      assert.deepEqual(status?.network?.map(({ name }) => name).toSorted(), ['east', 'west']);
      assert.equal(status.sitesInNetwork, 2);
      const own = status.network.find(({ name }) => name === 'east');
      assert.deepEqual(
        own?.links?.map(({ name }) => name),
        ['pair-1', 'pair-2'],
      );
      assert.deepEqual(own.services?.[0]?.listeners, ['listener/echo']);
      return true;
    });
    const said = succeeded(await up.cli('status', '-n', 'east'));
    assert.match(said, /It is linked to 1 other site\./);
    assert.match(said, /Both of its routers are ready\./);
    const why = succeeded(await up.cli('why', 'link/pair-2', '-n', 'east'));
    const { uid = '' } = (await siteOf(client, 'east')).metadata;
    for (const id of [`east-${uid.slice(0, 8)}`, `east-${uid.slice(0, 8)}-2`]) {
      assert.match(why, new RegExp(`router +${id} answers to management`));
      assert.match(why, new RegExp(`router +${id} is connected`));
    }
  });

  await t.test('goes on when one router is killed, which comes back', async () => {
    await bothServe(up, address);
    const all = await held(t, address);
    const links = () => Promise.all(['pair-1', 'pair-2'].map((name) => revisionOf(client, name)));
    const before = await links();
    const [first = 0, second = 0] = routersOf(data, 'east');
    await killed(first);
    // Each of them at the first try.
    for (let count = 0; count < heldCount; count++) await hold(t, address);
    const left = await working(all);
    assert.ok(left.length > 0 && left.length < all.length, `${left.length} of ${all.length}`);
    await waitUntil('the router again', () => {
      const now = routersOf(data, 'east');
      return now.length === 2 && now[0] !== first && now[1] === second;
    });
    await bothServe(up, address);
    assert.deepEqual(await links(), before, 'no Link was down in between');
    const { items } = await client.list(event, { namespace: 'east' });
    const lost = items.filter(({ reason }) => reason === 'RouterLost');
    assert.ok(lost.some(({ message }) => message === '1 of 2 routers is ready'));
    assert.equal((await working(left)).length, left.length);
    // Both take part again: with the other one killed, everything still works.
    await killed(second);
    for (let count = 0; count < heldCount; count++) await hold(t, address);
    await waitUntil('two routers', () => routersOf(data, 'east').length === 2);
    await bothServe(up, address);
  });

  await t.test('becomes one and two again while the first one keeps its connections', async () => {
    await bothServe(up, address);
    const all = await held(t, address);
    const [first] = routersOf(data, 'east');
    await setHa(false);
    const kept = await working(all);
    assert.ok(kept.length > 0 && kept.length < all.length, `${kept.length} of ${all.length}`);
    await waitUntil('one group', async () => {
      assert.deepEqual(groupsOf(await siteOf(client, 'east')), ['skupper-router']);
      return true;
    });
    for (const kind of [configMap, service]) {
      await waitUntil('nothing of the second', async () => {
        const { items } = await client.list<KubeObject>(kind, { namespace: 'east' });
        assert.ok(items.every(({ metadata }) => metadata.name !== 'skupper-router-2'));
        return true;
      });
    }
    assert.ok(!existsSync(join(data, 'sites', 'east', 'skupper-router-2')));
    await waitUntil('the listener of one router', async () => (await hold(t, address)).works());
    await setHa(true);
    await waitUntil('two groups', async () => groupsOf(await siteOf(client, 'east')).length === 2);
    assert.equal((await working(kept)).length, kept.length);
    assert.equal(routersOf(data, 'east')[0], first);
    assert.ok(await (await hold(t, address)).works());
  });

  await t.test('refuses a certificate with both, and says so', async () => {
    await bothServe(up, address);
    const revoke = ['revoke-access', '--link', 'pair', '-n', 'west'];
    const [, hung = 0] = routersOf(data, 'west');
    process.kill(hung, 'SIGSTOP');
    const late = await up.cli(...revoke, '--timeout', '3s');
    process.kill(hung, 'SIGCONT');
    assert.equal(late.code, 1, late.stdout);
    assert.match(
      late.stderr,
      /not confirmed: Revocation waits for router west-\w+-2\. Refused by router west-\w+, \d/,
    );
    const said = succeeded(await up.cli(...revoke));
    t.diagnostic(said.trim());
    const deed = /\(\d+ connections? closed in \d+ ms\)/.source;
    const { uid = '' } = (await siteOf(client, 'west')).metadata;
    const router = `west-${uid.slice(0, 8)}`;
    assert.match(said, new RegExp(`Refused by routers ${router} ${deed} and ${router}-2 ${deed}`));
    await waitUntil('both links down', async () => {
      const links = await listOf(up, 'link', 'east');
      return links.every(({ status }) => status?.status === 'Pending');
    });
    const token = join(home, 'again.yaml');
    for (const name of ['pair-1', 'pair-2']) {
      succeeded(await up.cli('link', 'delete', name, '-n', 'east'));
    }
    succeeded(await up.cli('token', 'create', token, '-n', 'west', '--name', 'again'));
    succeeded(await up.cli('token', 'redeem', token, '-n', 'east'));
    await bothServe(up, address);
  });

  await t.test('links with a site of one router, in both directions', async () => {
    const north = ['north', '-n', 'north', '--create-namespace', '--enable-link-access'];
    succeeded(await up.cli('site', 'create', ...north));
    const [there, back] = [join(home, 'there.yaml'), join(home, 'back.yaml')];
    succeeded(await up.cli('token', 'create', there, '-n', 'west', '--name', 'there'));
    succeeded(await up.cli('token', 'redeem', there, '-n', 'north'));
    succeeded(await up.cli('token', 'create', back, '-n', 'north', '--name', 'back'));
    succeeded(await up.cli('token', 'redeem', back, '-n', 'west'));
    await waitUntil('links of north and west', async () => {
      const own = await listOf(up, 'link', 'north');
      const said = own.map(({ metadata, status }) => `${metadata.name} ${status?.status}`);
      assert.deepEqual(said, ['there-1 Ready', 'there-2 Ready']);
      const [only, ...others] = await listOf(up, 'link', 'west');
      assert.deepEqual([only?.metadata.name, only?.status?.status], ['back', 'Ready']);
      assert.equal(only?.status?.remoteSiteName, 'north');
      assert.deepEqual(others, []);
      const { status } = await siteOf(client, 'north');
      assert.equal(status?.sitesInNetwork, 3);
      return true;
    });
    const shown = succeeded(await up.cli('link', 'status', 'all', '-n', 'west'));
    assert.match(shown, /\S+ +Ready +yes +north/);
  });

  await t.test('is linked again after a restart, and leaves nothing when it goes', async () => {
    assert.equal((await up.stop()).code, 0, up.process.describe());
    await noProcessLeft(data);
    const next = await startUp(t, { data, home });
    await bothServe(next, address);
    await waitUntil('the service again', async () => (await hold(t, address)).works());
    succeeded(await next.cli('site', 'delete', '--all', '-n', 'east'));
    await noProcessLeft(join(data, 'sites', 'east'));
    await waitUntil('no files', () => !existsSync(join(data, 'sites', 'east')));
    const again = await clientOf(t, next);
    await waitUntil('no objects', async () => {
      for (const kind of [configMap, service, securedAccess, certificate]) {
        const { items } = await again.list<KubeObject>(kind, { namespace: 'east' });
        assert.deepEqual(
          items.map(({ metadata }) => metadata.name),
          [],
          kind.kind,
        );
      }
      return true;
    });
    assert.equal(routersOf(data, 'west').length, 2);
    assert.equal((await next.stop()).code, 0, next.process.describe());
    await noProcessLeft(data);
  });
});

/** Changes whenever a Link does. */
async function revisionOf(client: KubeClient, name: string): Promise<string> {
  const own = await client.get(link, { namespace: 'east', name });
  assert.equal(own.status?.status, 'Ready', JSON.stringify(own.status));
  return `${name} ${own.metadata.resourceVersion}`;
}

/** How many sockets of this machine listen on the address. */
function listenersOn({ host, port }: Address): number {
  const octets = host.split('.').map(Number).toReversed();
  const hex = (value: number, digits: number): string =>
    value.toString(16).toUpperCase().padStart(digits, '0');
  const local = `${octets.map((octet) => hex(octet, 2)).join('')}:${hex(port, 4)}`;
  const isListening = ` ${local} 00000000:0000 0A `;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => line.includes(isListening)).length;
}

/** Waits until both links of east are there and both of its routers listen. */
async function bothServe(up: Up, address: Address): Promise<void> {
  await waitUntil(
    'two routers that serve',
    async () => {
      assert.equal(listenersOn(address), 2);
      const links = await listOf(up, 'link', 'east');
      assert.equal(links.length, 2);
      assert.ok(links.every(({ status }) => status?.status === 'Ready'));
      return true;
    },
    { describe: () => up.process.describe() },
  );
}
