/** Kept connections to a server: reuse, loss, waiting, and never one answer for another request. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import {
  type AnswerHead,
  ConnectionPool,
  type HttpError,
  type PoolLimits,
  type PoolRequest,
  requestHead,
} from '#http/index.ts';
import { makeTlsParts } from '../support/tls-parts.ts';
import { until } from '../support/until.ts';

/** Told for each request head; the socket is there to answer on. */
type Answerer = (socket: Socket, head: string, connection: number) => void;

async function bench(t: TestContext, answer: Answerer, limits: Partial<PoolLimits> = {}) {
  const parts = await makeTlsParts();
  const sockets = new Set<Socket>();
  const state = { answer, connections: 0, sockets, heads: [] as string[] };
  const server = createServer({ ...parts.server }, (socket) => {
    const serial = ++state.connections;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const head of chunk.toString('latin1').split('\r\n\r\n')) {
        if (!/^[A-Z]+ \//.test(head)) continue;
        state.heads.push(head);
        state.answer(socket, head, serial);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const options = {
    host: '127.0.0.1',
    port,
    tls: { ca: parts.server.ca },
    limits: { socketsMax: 8, connectMsMax: 5000, firstByteMsMax: 5000, ...limits },
  };
  const pool = new ConnectionPool(options);
  t.after(() => {
    pool.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return Object.assign(state, { pool, options, foreign: parts.stranger, server });
}

interface Told {
  head: AnswerHead | undefined;
  body: string;
  turns: number;
  end: 'open' | 'whole' | HttpError;
}

function ask(
  pool: ConnectionPool,
  method: string,
  path: string,
  body: PoolRequest['body'] = 'none',
) {
  const told: Told = { head: undefined, body: '', turns: 0, end: 'open' };
  const headers = ['Host', 'localhost', ...(body === 'chunked' ? ['Transfer-Encoding', body] : [])];
  const request = { method, head: requestHead(method, path, headers), body };
  const exchange = pool.send(request, {
    onHead: (head) => {
      told.head = head;
    },
    onBody: (bytes) => {
      told.body += bytes.toString('latin1');
    },
    onTurn: () => told.turns++,
    onEnd: () => {
      told.end = 'whole';
    },
    onFault: (fault) => {
      told.end = fault;
    },
  });
  const settled = async (): Promise<Told> => {
    await until(() => told.end !== 'open', `the end of ${method} ${path}`);
    return told;
  };
  return { exchange, told, settled };
}

const sized = (body: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const echo: Answerer = (socket, head) => socket.write(sized(head.split(' ')[1] ?? ''));
const codeOf = ({ end }: Told): string => (typeof end === 'string' ? end : end.code);

test('a connection is used again, and each request gets its own answer', async (t) => {
  const world = await bench(t, echo);
  for (let at = 0; at < 5; at++) {
    assert.equal((await ask(world.pool, 'GET', `/${at}`).settled()).body, `/${at}`);
  }
  assert.equal(world.connections, 1);
  const many = Array.from({ length: 40 }, (_, at) => ask(world.pool, 'GET', `/many/${at}`));
  for (const [at, each] of many.entries()) assert.equal((await each.settled()).body, `/many/${at}`);
  assert.ok(world.connections <= 8, `${world.connections} connections`);
});

test('a read that is lost with a kept connection is sent once more, a write never', async (t) => {
  const world = await bench(t, echo);
  await ask(world.pool, 'GET', '/first').settled();
  world.answer = (socket, head, connection) =>
    connection === 1 ? socket.destroy() : echo(socket, head, connection);
  assert.equal((await ask(world.pool, 'GET', '/again').settled()).body, '/again');
  assert.equal(world.heads.filter((head) => head.startsWith('GET /again')).length, 2);
  world.answer = (socket) => socket.destroy();
  assert.equal(codeOf(await ask(world.pool, 'DELETE', '/once').settled()), 'HTTP_BODY_INCOMPLETE');
  assert.equal(world.heads.filter((head) => head.startsWith('DELETE')).length, 1);
  // On a new connection a loss says nothing about age, so it is told.
  assert.equal(codeOf(await ask(world.pool, 'GET', '/new').settled()), 'HTTP_BODY_INCOMPLETE');
  assert.equal(world.heads.filter((head) => head.startsWith('GET /new')).length, 1);
  world.answer = echo;
  await ask(world.pool, 'GET', '/warm').settled();
  world.answer = (socket) => socket.end('HTTP/1.1 2');
  assert.equal(codeOf(await ask(world.pool, 'GET', '/half').settled()), 'HTTP_BODY_INCOMPLETE');
  assert.equal(world.heads.filter((head) => head.startsWith('GET /half')).length, 1);
});

test('what comes after an answer never becomes the answer of the next request', async (t) => {
  const world = await bench(t, (socket, head, connection) => {
    if (connection === 1) socket.write(`${sized('mine')}${sized('planted')}`);
    else echo(socket, head, connection);
  });
  const first = ask(world.pool, 'GET', '/first');
  // Waits for the same connection while the planted bytes are in its buffer.
  const second = ask(world.pool, 'GET', '/second');
  assert.equal((await first.settled()).body, 'mine');
  assert.equal((await second.settled()).body, '/second');
  assert.equal((await ask(world.pool, 'GET', '/third').settled()).body, '/third');
  const idle = [...world.sockets];
  world.answer = () => undefined;
  for (const socket of idle) socket.write(sized('planted while idle'));
  await until(() => world.sockets.size === 0, 'the connection that spoke unasked to be closed');
  world.answer = echo;
  assert.equal((await ask(world.pool, 'GET', '/fourth').settled()).body, '/fourth');
});

test('an answer before the end of the body is told, and that connection ends', async (t) => {
  const world = await bench(t, (socket) => socket.write(sized('too much', '413 Too Large')));
  const upload = ask(world.pool, 'POST', '/upload', 'chunked');
  upload.exchange.write(Buffer.from('a part'));
  const told = await upload.settled();
  assert.deepEqual([told.head?.status, told.body], [413, 'too much']);
  upload.exchange.write(Buffer.from('GET /smuggled HTTP/1.1\r\n\r\n'));
  upload.exchange.end();
  world.answer = echo;
  assert.equal((await ask(world.pool, 'GET', '/next').settled()).body, '/next');
  assert.deepEqual(
    [world.connections, world.heads.some((head) => /smuggled/.test(head))],
    [2, false],
  );
});

test('requests beyond the connections wait their turn, and time ends the wait', async (t) => {
  const held: Socket[] = [];
  const limits = { socketsMax: 2, firstByteMsMax: 300 };
  const world = await bench(t, (socket) => held.push(socket), limits);
  const three = [1, 2, 3].map((at) => ask(world.pool, 'GET', `/${at}`));
  await until(() => held.length === 2, 'two requests to arrive');
  held[0]!.write(sized('done'));
  assert.equal((await three[0]!.settled()).body, 'done');
  await until(() => held.length === 3, 'the third on the freed connection');
  for (const each of three.slice(1)) assert.equal(codeOf(await each.settled()), 'HTTP_TIMEOUT');
  assert.equal(world.connections, 2);
  world.answer = echo;
  assert.equal((await ask(world.pool, 'GET', '/after').settled()).body, '/after');
});

test('an exchange that is given up hears no more and takes its connection along', async (t) => {
  const world = await bench(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  );
  const one = ask(world.pool, 'GET', '/one');
  await until(() => one.told.body === 'abc' && one.told.turns > 0, 'the first part');
  one.exchange.cancel();
  await until(() => world.sockets.size === 0, 'its connection to close');
  assert.equal(one.told.end, 'open');
});

test('a server that is not there, not trusted, or not HTTP is told as such', async (t) => {
  const world = await bench(t, (socket) => socket.write('SSH-2.0-OpenSSH\r\n\r\n'));
  assert.equal(codeOf(await ask(world.pool, 'GET', '/').settled()), 'HTTP_ANSWER_INVALID');
  const doubting = new ConnectionPool({ ...world.options, tls: { ca: world.foreign.cert! } });
  const untrusted = await ask(doubting, 'GET', '/').settled();
  assert.equal(codeOf(untrusted), 'HTTP_CONNECT_FAILED');
  assert.match(String((untrusted.end as HttpError).cause), /certificate|signature/i);
  const named = { ca: world.options.tls.ca, servername: 'elsewhere.example' };
  const elsewhere = await ask(
    new ConnectionPool({ ...world.options, tls: named }),
    'GET',
    '/',
  ).settled();
  assert.match(String((elsewhere.end as HttpError).cause), /altnames/);
  const nobody = new ConnectionPool({ ...world.options, port: 1 });
  assert.equal(codeOf(await ask(nobody, 'GET', '/').settled()), 'HTTP_CONNECT_FAILED');
  assert.equal(world.heads.filter((head) => head.startsWith('GET')).length, 1);
});

test('a retired pool finishes what is under way and keeps nothing', async (t) => {
  const held: Socket[] = [];
  const world = await bench(t, echo);
  await Promise.all([1, 2].map((at) => ask(world.pool, 'GET', `/${at}`).settled()));
  world.answer = (socket) => held.push(socket);
  const last = ask(world.pool, 'GET', '/last');
  await until(() => held.length === 1, 'the last request');
  world.pool.retire();
  held[0]!.write(sized('bye'));
  assert.equal((await last.settled()).body, 'bye');
  await until(() => world.sockets.size === 0, 'all connections to close');
});

test('nothing that goes into a head can end its line', () => {
  const wrong: [string, string, string[]][] = [
    ['GET', '/a b', []],
    ['GET', '/a\r\nX: 1', []],
    ['GET\r\n', '/', []],
    ['GET', '/', ['X', 'a\r\nY: b']],
    ['GET', '/', ['X', 'a\nY: b']],
    ['GET', '/', ['X\r\nY', 'a']],
    ['GET', '/', ['X', '\u{10d}\u{10a}']],
    ['GET', '/', ['', 'a']],
  ];
  for (const [method, target, headers] of wrong) {
    assert.throws(() => requestHead(method, target, headers), { code: 'HTTP_REQUEST_INVALID' });
  }
});
