/** Streams: WebSocket and SPDY upgrades, their refusal, their end; long answers and slow clients. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld, jsonIn } from '../support/gateway-world.ts';
import { type StreamUpstream, streamUpstream } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';

const pod = '/k8s/api/v1/namespaces/x/pods/p';
const all = [{ verbs: ['*'], resources: ['pods'], subresources: ['*'] }];

interface World extends GatewayWorld {
  readonly upstream: StreamUpstream;
}

async function streamWorld(t: TestContext, options = {}, replicas = 1): Promise<World> {
  const upstream = await streamUpstream(t);
  const world = await gatewayWorld(t, { connection: upstream.connection, options, replicas });
  return { ...world, upstream };
}

interface Opened {
  readonly socket: TLSSocket;
  text: string;
  bytes: Buffer;
  closed: boolean;
}

/** Sends an upgrade and collects what comes. */
function open(
  world: GatewayWorld,
  target: string,
  lines: readonly string[],
  more: { readonly method?: string; readonly body?: string; readonly at?: number } = {},
): Opened {
  const { port } = world.gateways[more.at ?? 0]!;
  const socket = connect({ port, host: '127.0.0.1', ca: world.api.files.ca });
  const opened: Opened = { socket, text: '', bytes: Buffer.alloc(0), closed: false };
  socket.on('data', (chunk: Buffer) => {
    opened.text += chunk.toString('latin1');
    opened.bytes = Buffer.concat([opened.bytes, chunk]);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    opened.closed = true;
  });
  const head = [`${more.method ?? 'GET'} ${target} HTTP/1.1`, 'Host: localhost', ...lines, '', ''];
  socket.write(`${head.join('\r\n')}${more.body ?? ''}`, 'latin1');
  return opened;
}

const webSocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
];
const spdy = [
  'Connection: Upgrade',
  'Upgrade: SPDY/3.1',
  'X-Stream-Protocol-Version: v5.channel.k8s.io',
  'X-Stream-Protocol-Version: v4.channel.k8s.io',
  'Content-Length: 0',
];
const bearer = (token: string): string => `Authorization: Bearer ${token}`;

test('gateway acceptance 42: no verb and no star opens a stream, by any transport', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', {
    rules: all,
    urls: ['/api/v1/namespaces/*'],
    methods: ['get', 'post'],
  });
  for (const subresource of ['exec', 'attach', 'portforward', 'proxy', 'proxy/a/b', 'log']) {
    const target = `${pod}/${subresource}?command=sh`;
    for (const [what, lines, method] of [
      ['WebSocket', webSocket, 'GET'],
      ['SPDY', spdy, 'POST'],
      ['GET', ['Connection: close'], 'GET'],
      ['POST', ['Connection: close', 'Content-Length: 0'], 'POST'],
    ] as const) {
      const opened = open(world, target, [bearer(token), ...lines], { method });
      await until(() => opened.closed, `${what} of ${subresource} to be refused`);
      assert.match(opened.text, /^HTTP\/1\.1 403 /, `${what} ${subresource}`);
      assert.match(opened.text, /among what may be connected to/);
    }
  }
  assert.deepEqual(world.upstream.requests, []);
});

test('gateway acceptance 19: WebSocket and SPDY streams pass both ways with the named capability', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all, connect: ['exec', 'portforward'] });
  const socket = open(world, `${pod}/exec?command=sh&stdin=true`, [bearer(token), ...webSocket], {
    body: 'early',
  });
  await until(() => socket.text.includes('ok'), 'the first frame');
  assert.match(socket.text, /^HTTP\/1\.1 101 /);
  assert.match(socket.text, /sec-websocket-protocol: v5\.channel\.k8s\.io/i);
  socket.socket.write('later');
  await until(() => world.upstream.received === 'earlylater', 'the bytes of the client');
  const other = open(world, `${pod}/portforward`, [bearer(token), ...spdy], { method: 'POST' });
  await until(() => other.text.includes('101'), 'the SPDY stream');
  const [first, second] = world.upstream.requests;
  assert.equal(first?.line, 'GET /api/v1/namespaces/x/pods/p/exec?command=sh&stdin=true');
  assert.ok(!first?.rawHeaders.some((line) => line.includes('dbg.')));
  assert.deepEqual(
    second?.rawHeaders.filter((_, at, lines) => lines[at - 1] === 'X-Stream-Protocol-Version'),
    ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  );
  assert.equal(world.gateway.openStreams, 2);
  socket.socket.destroy();
  other.socket.destroy();
  await until(() => world.gateway.openStreams === 0, 'the streams to be forgotten');
  await until(() => world.upstream.sockets.size === 0, 'the streams upstream to close');
});

test('a bearer among the subprotocols is taken as ours and not sent on', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all, connect: ['exec'] });
  const name = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
  const offer = (protocols: string): string[] => [
    ...webSocket.slice(0, 4),
    `Sec-WebSocket-Protocol: ${protocols}`,
  ];
  const good = open(world, `${pod}/exec`, offer(`${name}, v5.channel.k8s.io`));
  await until(() => good.text.includes('101'), 'the stream');
  const sent = world.upstream.requests[0]?.rawHeaders.join('\n') ?? '';
  assert.ok(sent.includes('v5.channel.k8s.io') && !sent.includes('bearer'), sent);
  for (const wrong of [name, `${name}, ${name}, v5.channel.k8s.io`]) {
    const refused = open(world, `${pod}/exec`, offer(wrong));
    await until(() => refused.closed, 'the refusal');
    assert.match(refused.text, /^HTTP\/1\.1 400 /);
  }
  good.socket.destroy();
});

test('gateway acceptance 48: a refused or wrong upgrade is relayed, and nothing more is forwarded', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all, connect: ['exec'] });
  const second = `GET /k8s/api/v1/namespaces/x/pods HTTP/1.1\r\nHost: localhost\r\n${bearer(token)}\r\n\r\n`;
  for (const [answer, status, body] of [
    ['refuse', 403, /not you/],
    ['plain', 200, /hi$/],
    ['other', 502, /another protocol/],
    ['wrong-key', 502, /another protocol/],
  ] as const) {
    world.upstream.answer = answer;
    const opened = open(world, `${pod}/exec`, [bearer(token), ...webSocket], { body: second });
    await until(() => opened.closed, `the end after ${answer}`);
    assert.match(opened.text, new RegExp(`^HTTP/1\\.1 ${status} `), answer);
    assert.match(opened.text, body);
    assert.equal(opened.text.match(/HTTP\/1\.1 /g)?.length, 1, opened.text);
  }
  assert.equal(world.upstream.received, '');
  assert.equal(world.upstream.requests.length, 4);
  assert.equal(world.gateway.openStreams, 0);
});

test('gateway hole 37: other upgrades, and upgrades of what is no stream, are refused', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all, connect: ['exec', 'log'] });
  const keyed = (lines: readonly string[]): string[] => [bearer(token), ...lines];
  for (const [target, lines, method, status] of [
    [`${pod}/exec`, ['Connection: Upgrade', 'Upgrade: h2c'], 'GET', 400],
    [`${pod}/exec`, ['Connection: Upgrade', 'Upgrade: tcp'], 'POST', 400],
    [`${pod}/exec`, webSocket, 'POST', 400],
    [`${pod}/exec`, spdy, 'PUT', 400],
    [pod, webSocket, 'GET', 403],
    [`${pod}/log`, webSocket, 'GET', 403],
    ['/k8s/version', webSocket, 'GET', 403],
    ['/l', webSocket, 'GET', 400],
    [`${pod}/exec`, webSocket.slice(0, 3), 'GET', 400],
    [`${pod}/exec`, webSocket.filter((line) => !line.includes('Version')), 'GET', 400],
  ] as const) {
    const opened = open(world, target, keyed(lines), { method });
    await until(() => opened.closed, `${method} ${target} to be refused`);
    assert.match(opened.text, new RegExp(`^HTTP/1\\.1 ${status} `), `${method} ${target}`);
  }
  assert.deepEqual(world.upstream.requests, []);
});

test('gateway acceptance 34: an exec ends with its grant, with a reason in a close frame', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all, connect: ['exec'], expirationWindow: '3s' });
  const created = (await world.read('g')).metadata.creationTimestamp ?? '';
  const opened = open(world, `${pod}/exec`, [bearer(token), ...webSocket]);
  await until(() => opened.text.includes('101'), 'the stream');
  await until(() => opened.closed, 'the end of the stream');
  assert.ok(Date.now() >= Date.parse(created) + 3000);
  const text = 'the time of the grant is over';
  const frame = opened.bytes.subarray(-text.length - 4);
  assert.deepEqual([frame[0], frame[1], frame.readUInt16BE(2)], [0x88, text.length + 2, 1008]);
  assert.equal(frame.subarray(4).toString(), text);
  await until(() => world.upstream.sockets.size === 0, 'the stream upstream to close');
});

test('gateway acceptance 29: revoking ends execs and port-forwards on every replica', async (t) => {
  const world = await streamWorld(t, {}, 3);
  const token = await world.grant('g', { rules: all, connect: ['exec', 'portforward'] });
  const opened = [0, 1, 2].flatMap((at) => [
    open(world, `${pod}/exec`, [bearer(token), ...webSocket], { at }),
    open(world, `${pod}/portforward`, [bearer(token), ...spdy], { at, method: 'POST' }),
  ]);
  await until(() => opened.every(({ text }) => text.includes('101')), 'the streams');
  assert.equal(world.upstream.sockets.size, 6);
  await world.revoke('g');
  await until(() => opened.every(({ closed }) => closed), 'the streams to end', 5000);
  await until(() => world.upstream.sockets.size === 0, 'the streams upstream to close');
  for (const at of world.gateways) assert.equal((await world.call(pod, { token, at })).status, 401);
});

test('a stream counts once when it opens, not when it is refused', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', {
    rules: all,
    connect: ['exec'],
    countPer: 'stream',
    usesAllowed: 1,
  });
  world.upstream.answer = 'refuse';
  const refused = open(world, `${pod}/exec`, [bearer(token), ...webSocket]);
  await until(() => refused.closed, 'the refusal');
  assert.equal((await world.read('g')).status?.uses, 0);
  world.upstream.answer = 'accept';
  const opened = open(world, `${pod}/exec`, [bearer(token), ...spdy], { method: 'POST' });
  await until(() => opened.text.includes('101'), 'the stream');
  assert.equal((await world.read('g')).status?.uses, 1);
  const again = open(world, `${pod}/exec`, [bearer(token), ...webSocket]);
  await until(() => again.closed, 'the second stream to be refused');
  assert.match(again.text, /^HTTP\/1\.1 401 /);
  opened.socket.destroy();
});

test('gateway acceptance 21: a slow client slows the upstream and does not fill the memory', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all });
  const chunk = Buffer.alloc(64 * 1024, 0x61);
  const total = 256 * 1024 * 1024;
  let written = 0;
  world.upstream.handle = (_request, response) => {
    const write = (): void => {
      while (written < total) {
        written += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  };
  const opened = open(world, '/k8s/api/v1/namespaces/x/pods', [bearer(token)]);
  await until(() => opened.bytes.length > 0, 'the first bytes');
  opened.socket.pause();
  let last = -1;
  await until(() => {
    const settled = written === last;
    last = written;
    return settled;
  }, 'the upstream to be held back');
  // Socket buffers of two connections and what the gateway holds.
  assert.ok(
    written < 32 * 1024 * 1024,
    `${written} bytes were taken for a client that does not read`,
  );
  opened.socket.destroy();
});

test('gateway acceptance 22: a followed log stays open, or ends with a reason when it is idle too long', async (t) => {
  for (const streamIdleMsMax of [0, 300]) {
    const world = await streamWorld(t, { limits: { streamIdleMsMax } });
    const token = await world.grant('g', { rules: all, connect: ['log'] });
    world.upstream.handle = (_request, response) => {
      response.setHeader('content-type', 'text/plain');
      response.write('line one\n');
    };
    const opened = open(world, `${pod}/log?follow=true`, [bearer(token)]);
    await until(() => opened.text.includes('line one'), 'the first line');
    assert.equal(world.gateway.openStreams, 1);
    if (streamIdleMsMax > 0) {
      await until(() => world.gateway.openStreams === 0, 'the idle stream to end');
      assert.match(opened.text, /\r\n0\r\n\r\n$/);
    }
    opened.socket.destroy();
  }
});

test('gateway acceptance 23: what kubectl negotiates passes unchanged', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all });
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const protobuf = Buffer.from([0x6b, 0x38, 0x73, 0x00, 0xff, 0xfe, 0x0a]);
  world.upstream.handle = (request, response) => {
    assert.equal(request.headers.accept, table);
    response.setHeader('content-type', 'application/vnd.kubernetes.protobuf');
    response.setHeader('content-encoding', 'identity');
    response.setHeader('warning', '299 - "old"');
    response.end(protobuf);
  };
  const answer = await world.call('/k8s/api/v1/namespaces/x/pods', {
    token,
    headers: { accept: table },
  });
  assert.deepEqual(answer.body, protobuf);
  assert.equal(answer.headers['content-type'], 'application/vnd.kubernetes.protobuf');
  assert.equal(answer.headers.warning, '299 - "old"');
});

test('gateway acceptance 24: a named cluster is reached only by grants for it', async (t) => {
  const upstream = await streamUpstream(t);
  const world = await gatewayWorld(t, {
    options: {
      identity: 'impersonate',
      clusters: new Map([['b', upstream.connection]]),
    },
  });
  const token = await world.grant('g', { rules: all, cluster: 'b' });
  const path = '/api/v1/namespaces/x/pods';
  assert.equal((await world.call(`/clusters/b${path}`, { token })).status, 200);
  const [request] = upstream.requests;
  assert.equal(request?.line, `GET ${path}`);
  assert.ok(request?.rawHeaders.includes('gw:link:default:g'));
  for (const [at, status] of [
    [`/clusters/c${path}`, 403],
    [`/k8s${path}`, 403],
    [path, 403],
    ['/clusters', 404],
  ] as const) {
    assert.equal((await world.call(at, { token })).status, status, at);
  }
  assert.equal(upstream.requests.length, 1);
});

test('an upstream that cannot be reached, or answers nothing, is told as such', async (t) => {
  const world = await streamWorld(t);
  const token = await world.grant('g', { rules: all });
  world.upstream.handle = (request) => request.socket.destroy();
  const answer = await world.call('/k8s/api/v1/namespaces/x/pods', { token, method: 'DELETE' });
  assert.deepEqual([answer.status, jsonIn(answer).reason], [502, 'BadGateway']);
});

test('gateway hole 39: one client has a bounded number of connections', async (t) => {
  const world = await streamWorld(t, { limits: { connectionsPerAddressMax: 3 } });
  const { port } = world.gateway;
  const ends = Array.from({ length: 6 }, () => {
    const socket = connect({ port, host: '127.0.0.1', ca: world.api.files.ca });
    const state = { socket, ready: false, closed: false };
    socket.on('secureConnect', () => {
      state.ready = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      state.closed = true;
    });
    socket.resume();
    return state;
  });
  await until(() => ends.filter(({ closed }) => closed).length === 3, 'three to be cut');
  await until(
    () => ends.filter(({ ready, closed }) => ready && !closed).length === 3,
    'three to stay',
  );
  for (const { socket } of ends) socket.destroy();
});

test('gateway hole 39: clients that send slowly are cut and others served', async (t) => {
  const world = await streamWorld(t, { limits: { headersTimeoutMs: 1000 } });
  const token = await world.grant('g', { rules: all });
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect({
      port: world.gateway.port,
      host: '127.0.0.1',
      ca: world.api.files.ca,
    });
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('GET /k8s/api/v1/namespaces/x/pods HTTP/1.1\r\nHost: local');
    return socket;
  });
  assert.equal((await world.call('/k8s/api/v1/namespaces/x/pods', { token })).status, 200);
  const [first] = slow;
  await once(first!, 'close', { signal: AbortSignal.timeout(20_000) });
  for (const socket of slow) socket.destroy();
});
