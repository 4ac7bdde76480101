/** Two sites joined with one token each: one is cut, the other goes on with its transfer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { issuedLink, type IssuedLink } from '#apis/index.ts';
import { namespace as namespaceKind } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp, temporaryFolder, type Up } from '../support/up-process.ts';
import { waitUntil } from '../support/process-wait.ts';
import { freePort, linkReady, listOf, succeeded } from '../support/up-sites.ts';

const joiners = ['east', 'north'] as const;

async function threeSites(up: Up): Promise<void> {
  const site = ['site', 'create'];
  succeeded(
    await up.cli(...site, 'west', '-n', 'west', '--create-namespace', '--enable-link-access'),
  );
  for (const name of joiners) {
    succeeded(await up.cli(...site, name, '-n', name, '--create-namespace'));
    await joinWest(up, name);
  }
}

async function joinWest(up: Up, name: string): Promise<void> {
  const token = join(up.home, `${name}-${crypto.randomUUID()}.yaml`);
  succeeded(await up.cli('token', 'issue', token, '-n', 'west'));
  succeeded(await up.cli('token', 'redeem', token, '-n', name));
  await linkReady(up, name);
}

/** The IssuedLink of a joiner, once `test` holds for it. */
async function issuedTo(
  client: KubeClient,
  site: string,
  what: string,
  check: (object: IssuedLink) => boolean,
): Promise<IssuedLink> {
  let last: unknown;
  return await waitUntil(
    `${site}: ${what}`,
    async () => {
      const { items } = await client.list(issuedLink, { namespace: 'west' });
      last = items;
      return items.find((each) => each.status?.remoteSiteName === site && check(each)) ?? false;
    },
    { describe: () => JSON.stringify(last, undefined, 1) },
  );
}

/** A service in west that sends without end; gives a running transfer at a joiner. */
async function startTransfer(t: TestContext, up: Up, site: string): Promise<() => number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const timer = setInterval(() => socket.write(Buffer.alloc(1024)), 5);
    socket.on('error', () => undefined).on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const target = String((server.address() as AddressInfo).port);
  const port = await freePort();
  const host = ['--host', '127.0.0.1'];
  succeeded(await up.cli('connector', 'create', 'drip', target, ...host, '-n', 'west'));
  succeeded(
    await up.cli(
      'listener',
      'create',
      'drip',
      String(port),
      ...host,
      '-n',
      site,
      '--wait',
      'ready',
    ),
  );
  return await waitUntil('the first bytes of the transfer', () => firstBytes(t, port));
}

/** A connection that receives, as a counter of its bytes; false when it ends before the first. */
function firstBytes(t: TestContext, port: number): Promise<(() => number) | false> {
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  let bytes = 0;
  return new Promise((resolve) => {
    client.on('data', (chunk) => {
      bytes += chunk.length;
      resolve(() => bytes);
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      bytes = -1;
      resolve(false);
    });
  });
}

async function moves(received: () => number): Promise<void> {
  const before = received();
  await waitUntil('more bytes of the transfer', () => received() > before + 10_000);
}

test('one of two joiners is cut; the other one notices nothing', async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const up = await startUp(t, { data, home });
  const client = await clientOf(t, up);
  await threeSites(up);
  const east = await issuedTo(
    client,
    'east',
    'connected',
    ({ status }) => status?.connected === true,
  );
  await issuedTo(client, 'north', 'connected', ({ status }) => status?.connected === true);
  assert.equal(east.status?.status, 'Ready');
  const received = await startTransfer(t, up, 'north');
  await moves(received);
  const shown = succeeded(await up.cli('link', 'status', 'all', '-n', 'west'));
  assert.match(shown, /INCOMING .*CONNECTED/);
  assert.match(shown, new RegExp(`${east.metadata.name} +Ready +yes +east`));

  await t.test('its connections close within a second, confirmed by the router', async () => {
    const said = succeeded(await up.cli('revoke-access', '--site', 'east', '-n', 'west'));
    const [, router, closed, ms] =
      /revoked: Refused by router (west-\w+), (\d+) connections? closed in (\d+) ms/.exec(said) ??
      [];
    assert.ok(router !== undefined, said);
    assert.ok(Number(closed) >= 1 && Number(ms) < 1000, said);
    t.diagnostic(said.trim());
    const after = await issuedTo(
      client,
      'east',
      'gone',
      ({ status }) => status?.connected === false && status.revokedTime !== undefined,
    );
    assert.equal(after.status?.status, 'Revoked');
    await waitUntil('the link of east down', async () => {
      const [link] = await listOf(up, 'link', 'east');
      return link?.status?.status === 'Pending';
    });
    await moves(received);
  });

  await t.test('neither is it let in after a restart of the router and of up', async () => {
    assert.ok(received() > 0);
    assert.equal((await up.stop()).code, 0);
    const next = await startUp(t, { data, home });
    const again = await clientOf(t, next);
    await issuedTo(again, 'north', 'back', ({ status }) => status?.connected === true);
    await linkReady(next, 'north');
    const [link] = await listOf(next, 'link', 'east');
    assert.equal(link?.status?.status, 'Pending');

    // Deleting revokes as well, and what is deleted stays revoked.
    const north = await issuedTo(again, 'north', 'there', () => true);
    const key = { namespace: 'west', name: north.metadata.name };
    await again.remove(issuedLink, key);
    await waitUntil(
      'the record gone',
      async () => (await again.find(issuedLink, key)) === undefined,
    );
    await waitUntil('the link of north down', async () => {
      const [own] = await listOf(next, 'link', 'north');
      return own?.status?.status === 'Pending';
    });

    // A new token lets it in again.
    succeeded(await next.cli('link', 'delete', link.metadata.name, '-n', 'east'));
    await joinWest(next, 'east');
    await cutEverybody(t, next, again);
    assert.equal((await next.stop()).code, 0);
  });
});

/** Without a name, all who joined are cut, tokens end, and the outgoing link stays. */
async function cutEverybody(t: TestContext, up: Up, client: KubeClient): Promise<void> {
  const site = ['site', 'create', 'south', '-n', 'south', '--create-namespace'];
  succeeded(await up.cli(...site, '--enable-link-access'));
  const token = join(up.home, 'south.yaml');
  succeeded(await up.cli('token', 'issue', token, '-n', 'south'));
  succeeded(await up.cli('token', 'redeem', token, '-n', 'west'));
  await linkReady(up, 'west');
  const unused = join(up.home, 'unused.yaml');
  succeeded(await up.cli('token', 'issue', unused, '-n', 'west'));

  const said = succeeded(await up.cli('revoke-access', '-n', 'west'));
  t.diagnostic(said.trim());
  assert.match(said, /The CA in Secret "skupper-site-ca" and what it signed here are replaced/);
  await waitUntil('the link of east down', async () => {
    const [link] = await listOf(up, 'link', 'east');
    return link?.status?.status === 'Pending';
  });
  await linkReady(up, 'west');
  const { items } = await client.list(issuedLink, { namespace: 'west' });
  assert.ok(items.length >= 2 && items.every(({ status }) => status?.status === 'Revoked'));
  const refused = await up.cli('token', 'redeem', unused, '-n', 'east', '--timeout', '10s');
  assert.equal(refused.code, 1);
  assert.equal((await up.cli('revoke-access', '--site', 'nobody', '-n', 'west')).code, 1);

  // Records and their finalizers do not hold a namespace.
  const west = { namespace: '', name: 'west' };
  await client.remove(namespaceKind, west);
  await waitUntil('the namespace gone', async () => {
    return (await client.find(namespaceKind, west)) === undefined;
  });
}
