/** The management client against a foreign AMQP library in the place of the router. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import rhea, { type Message } from 'rhea';
import { silentLogger } from '#base/log.ts';
import {
  type ManagementClient,
  type ManagementClientOptions,
  ManagementError,
  type ManagementErrorCode,
  managementClient,
  networkWatcher,
  siteAnnouncer,
} from '#management/index.ts';
import { findLink } from '#telemetry/index.ts';
import { startManagementPeer } from '../support/management-peer.ts';
import { until } from '../support/until.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

async function start(
  t: TestContext,
  port: number,
  options: Partial<ManagementClientOptions> = {},
): Promise<{ client: ManagementClient; events: string[] }> {
  const events: string[] = [];
  const client = await managementClient(
    {
      clock,
      log: silentLogger,
      random: { bytes: (size) => randomBytes(size) },
      onConnected: (router) => events.push(`connected ${router}`),
      onDisconnected: () => events.push('disconnected'),
    },
    { host: '127.0.0.1', port, retryFirstMs: 10, ...options },
  ).start(t.signal);
  t.after(() => client.stop({ graceMs: 500 }));
  return { client, events };
}

const status = (code: number, description: string, body: unknown = {}): Partial<Message> => ({
  application_properties: { statusCode: rhea.types.wrap_int(code), statusDescription: description },
  body,
});

const hasCode =
  (code: ManagementErrorCode) =>
  (error: unknown): boolean =>
    error instanceof ManagementError && error.code === code;

test('a query sends what routers expect and gives rows by attribute name', async (t) => {
  const requests: Message[] = [];
  const peer = await startManagementPeer(t, {
    answer: (request) => {
      requests.push(request);
      return status(200, 'OK', {
        attributeNames: ['name', 'port', 'host'],
        results: [
          ['l1', '80', null],
          ['l2', '81', 'h'],
        ],
      });
    },
  });
  const { client } = await start(t, peer.port);
  assert.equal(await client.whenConnected(5000), 'peer-router');
  assert.deepEqual(await client.query('tcpListener', ['name', 'port', 'host']), [
    { name: 'l1', port: '80' },
    { name: 'l2', port: '81', host: 'h' },
  ]);
  assert.deepEqual(requests[0]?.application_properties, {
    operation: 'QUERY',
    entityType: 'io.skupper.router.tcpListener',
  });
  assert.deepEqual(requests[0]?.body, { attributeNames: ['name', 'port', 'host'] });
  assert.match(requests[0]?.reply_to ?? '', /^amqp:\/_topo\/0\/peer-router\/temp\./u);
});

test('create, read, update and delete carry type, name and attributes', async (t) => {
  const requests: Message[] = [];
  const peer = await startManagementPeer(t, {
    answer: (request) => {
      requests.push(request);
      return status(200, 'OK', request.body ?? { name: 'x' });
    },
  });
  const { client } = await start(t, peer.port);
  await client.whenConnected(5000);
  const attributes = { host: 'h', port: '1', cost: 3, verifyHostname: true };
  assert.deepEqual(await client.create('connector', 'x', attributes), { name: 'x', ...attributes });
  await client.read({ type: 'connector', name: 'x' });
  await client.update({ type: 'sslProfile', name: 'x' }, { ordinal: 2 });
  await client.delete({ type: 'connector', identity: 'connector/h:1:x' });
  assert.deepEqual(
    requests.map((request) => request.application_properties),
    [
      { operation: 'CREATE', type: 'io.skupper.router.connector', name: 'x' },
      { operation: 'READ', type: 'io.skupper.router.connector', name: 'x' },
      { operation: 'UPDATE', type: 'io.skupper.router.sslProfile', name: 'x' },
      {
        operation: 'DELETE',
        type: 'io.skupper.router.connector',
        identity: 'connector/h:1:x',
      },
    ],
  );
});

const refusals: readonly (readonly [number, ManagementErrorCode])[] = [
  [400, 'MANAGEMENT_BAD_REQUEST'],
  [403, 'MANAGEMENT_FORBIDDEN'],
  [404, 'MANAGEMENT_NOT_FOUND'],
  [500, 'MANAGEMENT_INTERNAL'],
  [501, 'MANAGEMENT_NOT_IMPLEMENTED'],
];
test('each error status has its code, and the router’s words', async (t) => {
  let code = 0;
  const peer = await startManagementPeer(t, { answer: () => status(code, `because ${code}`) });
  const { client } = await start(t, peer.port);
  await client.whenConnected(5000);
  for (const [number, expected] of refusals) {
    code = number;
    await assert.rejects(
      client.read({ type: 'connector', name: 'x' }),
      (error) => hasCode(expected)(error) && String(error).includes(`because ${number}`),
    );
  }
});

test('an answer without a status or a table is refused', async (t) => {
  const peer = await startManagementPeer(t, {
    answer: (request) =>
      request.application_properties?.['operation'] === 'QUERY' ? status(200, 'OK', {}) : {},
  });
  const { client } = await start(t, peer.port);
  await client.whenConnected(5000);
  await assert.rejects(client.query('connector'), hasCode('MANAGEMENT_RESPONSE_INVALID'));
  await assert.rejects(
    client.read({ type: 'connector', name: 'x' }),
    hasCode('MANAGEMENT_RESPONSE_INVALID'),
  );
});

test('a request that is not answered fails in time, and others go on', async (t) => {
  const peer = await startManagementPeer(t, {
    answer: (request) =>
      request.application_properties?.['name'] === 'slow' ? undefined : status(200, 'OK'),
  });
  const { client } = await start(t, peer.port, { requestTimeoutMs: 100 });
  await client.whenConnected(5000);
  const slow = client.read({ type: 'connector', name: 'slow' });
  await client.read({ type: 'connector', name: 'quick' });
  await assert.rejects(slow, hasCode('MANAGEMENT_TIMEOUT'));
});

test('more requests than credit wait their turn; more than the limit are refused', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => status(200, 'OK'), credit: 3 });
  const { client } = await start(t, peer.port, { requestsMax: 50 });
  await client.whenConnected(5000);
  const names = Array.from({ length: 50 }, (_, index) => `l${index}`);
  const all = names.map((name) => client.read({ type: 'connector', name }));
  await assert.rejects(client.read({ type: 'connector', name: 'x' }), hasCode('MANAGEMENT_BUSY'));
  await Promise.all(all);
});

test('without a connection requests fail at once; with a router again they work', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => status(200, 'OK') });
  const { client, events } = await start(t, peer.port);
  await assert.rejects(
    client.read({ type: 'connector', name: 'x' }),
    hasCode('MANAGEMENT_DISCONNECTED'),
  );
  await client.whenConnected(5000);
  peer.disconnect();
  await until(() => events.includes('disconnected'), 'the loss is told');
  await until(() => events.length === 3, 'the return is told');
  assert.deepEqual(events, ['connected peer-router', 'disconnected', 'connected peer-router']);
  await client.read({ type: 'connector', name: 'x' });
});

test('a request under way fails when the connection is lost', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => undefined });
  const { client } = await start(t, peer.port);
  await client.whenConnected(5000);
  const pending = client.read({ type: 'connector', name: 'x' });
  peer.disconnect();
  await assert.rejects(pending, hasCode('MANAGEMENT_DISCONNECTED'));
});

test('subscriptions receive, and are made again after a reconnect', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => undefined });
  const { client, events } = await start(t, peer.port);
  const subjects: unknown[] = [];
  const subscription = client.subscribe('mc/news', ({ properties }) =>
    subjects.push(properties?.subject),
  );
  await until(() => peer.subscriptions.length === 1, 'subscribed');
  peer.publish('mc/news', { subject: 'one', body: null });
  await until(() => subjects.length === 1, 'received');
  peer.disconnect();
  await until(() => peer.subscriptions.length === 2, 'subscribed again');
  peer.publish('mc/news', { subject: 'two', body: null });
  await until(() => subjects.length === 2, 'received again');
  assert.deepEqual(subjects, ['one', 'two']);
  subscription.close();
  assert.equal(events[0], 'connected peer-router');
});

test('a stopped client refuses work and leaves no connection', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => undefined });
  const { client } = await start(t, peer.port);
  await client.whenConnected(5000);
  const pending = client.read({ type: 'connector', name: 'x' });
  await Promise.all([
    client.stop({ graceMs: 1000 }),
    assert.rejects(pending, hasCode('MANAGEMENT_STOPPED')),
  ]);
  // Work that was overtaken is not over for good: there may be another client by now.
  await assert.rejects(pending, { retry: 'backoff' });
  await assert.rejects(client.query('connector'), hasCode('MANAGEMENT_STOPPED'));
  await assert.rejects(client.whenConnected(1000), hasCode('MANAGEMENT_STOPPED'));
  await until(() => peer.connectionCount === 0, 'the connection is gone');
});

test('waiting for a router that is not there ends in time', async (t) => {
  const { client } = await start(t, 1);
  await assert.rejects(client.whenConnected(100), hasCode('MANAGEMENT_TIMEOUT'));
});

test('the network is followed and a site announced over the same connection', async (t) => {
  const peer = await startManagementPeer(t, { answer: () => undefined });
  const { client } = await start(t, peer.port);
  const site = { name: 'west', namespace: 'w', platform: 'linux', version: '1' };
  const announcer = siteAnnouncer({ client, clock }, { siteId: 'site-1', ...site });
  t.after(() => announcer.stop({ graceMs: 0 }));
  let changes = 0;
  const watcher = networkWatcher({ client, clock, onChange: () => changes++ });
  t.after(() => watcher.stop({ graceMs: 0 }));
  await until(() => peer.published.some(({ to }) => to === 'mc/sfe.site-1'), 'the site is told');
  const beacon = peer.published.find(({ subject }) => subject === 'BEACON');
  assert.equal(beacon?.application_properties?.['sourceType'], 'CONTROLLER');
  peer.publish('mc/sfe.all', {
    to: 'mc/sfe.all',
    subject: 'BEACON',
    application_properties: {
      v: rhea.types.wrap_uint(1),
      sourceType: 'ROUTER',
      id: 'r:0',
      address: 'mc/sfe.r:0',
      direct: 'sfe.r:0',
    },
    body: null,
  });
  await until(
    () => peer.published.some(({ subject, to }) => subject === 'FLUSH' && to === 'sfe.r:0'),
    'the router is asked',
  );
  peer.publish('mc/sfe.r:0', {
    to: 'mc/sfe.r:0',
    subject: 'RECORD',
    body: [
      { 0: 1, 1: 'r:0', 2: 'site-1', 3: 5, 30: '0/west-1' },
      { 0: 2, 1: 'r:1', 2: 'r:0', 30: 'to-east', 53: 'up' },
    ],
  });
  await until(() => findLink(watcher.view(), 'site-1', 'to-east')?.up === true, 'the link is seen');
  await until(() => changes > 0, 'the change is told');
});
