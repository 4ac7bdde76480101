/** Streams whose grant or session ends while they open, on another replica, or without being revoked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { gatewayToken } from '#apis/index.ts';
import { test } from '../support/gateway-target.ts';
import { grantNamespace, gatewayWorld, type GatewayWorld } from '../support/gateway-world.ts';
import { type StreamUpstream, streamUpstream } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';

const pod = '/k8s/api/v1/namespaces/x/pods/p';
const spec = {
  rules: [{ verbs: ['*'], resources: ['pods'], subresources: ['*'] }],
  connect: ['exec' as const],
};
const webSocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
];

interface Opened {
  readonly socket: TLSSocket;
  text: string;
  closed: boolean;
}

async function worldOf(
  t: TestContext,
  replicas = 1,
): Promise<{ world: GatewayWorld; upstream: StreamUpstream }> {
  const upstream = await streamUpstream(t);
  return { upstream, world: await gatewayWorld(t, { connection: upstream.connection, replicas }) };
}

function open(
  world: GatewayWorld,
  target: string,
  token: string,
  lines: readonly string[] = [],
): Opened {
  const { port } = world.gateways[0]!;
  const socket = connect({ port, host: '127.0.0.1', ca: world.api.files.ca });
  const opened: Opened = { socket, text: '', closed: false };
  socket.on('data', (chunk: Buffer) => {
    opened.text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    opened.closed = true;
  });
  const head = [`GET ${target} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${token}`];
  socket.write([...head, ...lines, '', ''].join('\r\n'));
  return opened;
}

/** Until the gateway refuses the grant: it has heard of the end. */
async function refusing(world: GatewayWorld, token: string): Promise<void> {
  const at = world.gateways[0]!;
  await until(
    async () => (await world.call('/gateway/v1/self', { token, at })).status === 401,
    'the end to arrive',
  );
}

test('an exec and a watch that the API server answers after the revocation do not open', async (t) => {
  const { world, upstream } = await worldOf(t);
  const token = await world.grant('g', spec);
  let accept = (): void => undefined;
  upstream.hold = new Promise((resolve) => {
    accept = resolve;
  });
  const waiting: ServerResponse[] = [];
  upstream.handle = (_request, response) => waiting.push(response);
  const exec = open(world, `${pod}/exec`, token, webSocket);
  const watch = open(world, '/k8s/api/v1/namespaces/x/pods?watch=1', token);
  await until(() => upstream.requests.length === 2, 'both to wait for the API server');
  await world.revoke('g');
  await refusing(world, token);
  accept();
  waiting[0]?.write('{"type":"ADDED","object":{}}\n');
  await until(() => exec.text !== '' && watch.text !== '', 'both to be answered');
  assert.match(exec.text, /^HTTP\/1\.1 401 /);
  assert.match(watch.text, /^HTTP\/1\.1 401 /);
  await until(() => exec.closed, 'the connection to close');
  await until(() => upstream.sockets.size === 0, 'the stream upstream to close');
  assert.equal(world.gateway.openStreams, 0);
  watch.socket.destroy();
});

test('a grant that is being deleted ends its streams before its finalizers are done', async (t) => {
  const { world } = await worldOf(t);
  const token = await world.grant('g', spec);
  const key = { namespace: grantNamespace, name: 'g' };
  const finalizers = ['example.com/wait'];
  await world.client.patch(gatewayToken, key, { metadata: { finalizers } });
  const exec = open(world, `${pod}/exec`, token, webSocket);
  await until(() => exec.text.includes('101'), 'the stream');
  await world.client.delete(gatewayToken, key);
  await until(() => exec.closed, 'the stream to end');
  assert.ok((await world.read('g')).metadata.deletionTimestamp);
  await world.client.patch(gatewayToken, key, { metadata: { finalizers: [] } });
});

test('leaving a session ends its streams on every replica, and it can be opened anew', async (t) => {
  const { world, upstream } = await worldOf(t, 2);
  const token = await world.grant('g', { ...spec, usesAllowed: 9 });
  const exec = open(world, `${pod}/exec`, token, webSocket);
  await until(() => exec.text.includes('101'), 'the stream');
  const at = world.gateways[1]!;
  const left = await world.call('/gateway/v1/self', { token, method: 'DELETE', at });
  assert.equal(left.status, 200, left.body.toString());
  await until(() => exec.closed, 'the stream to end');
  const again = open(world, `${pod}/exec`, token, webSocket);
  await until(() => again.text !== '', 'an answer');
  assert.match(again.text, /^HTTP\/1\.1 101 /);
  again.socket.destroy();
  await once(again.socket, 'close');
  await until(() => upstream.sockets.size === 0, 'the stream upstream to close');
});
