import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type GrantWorld, grantWorld, openSite } from '../support/grant-world.ts';

/** Sends bytes over TLS and resolves with everything that comes back until the server closes. */
async function exchange(world: GrantWorld, bytes: readonly string[]): Promise<string> {
  const port = Number(new URL(world.server.url).port);
  const ca = world.server.current()?.caPem ?? '';
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca }, () => {
    for (const chunk of bytes) socket.write(chunk);
  });
  socket.on('data', (chunk) => (received += String(chunk)));
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(received));
  return await promise;
}

const close = 'Host: h\r\nConnection: close\r\n';

test('strange requests are answered or cut, and the server goes on', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 3 });
  const path = `/${grant.metadata.uid}`;
  const code = grant.status?.code ?? '';
  for (const [what, bytes, answer] of [
    ['no HTTP', ['\u0016\u0003 hello\r\n\r\n'], /^HTTP\/1\.1 400/],
    [
      'a huge header',
      [`POST ${path} HTTP/1.1\r\n${close}name: ${'x'.repeat(40_000)}\r\n\r\n`],
      /^HTTP\/1\.1 431/,
    ],
    [
      'two lengths',
      [`POST ${path} HTTP/1.1\r\n${close}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`],
      /^HTTP\/1\.1 400/,
    ],
    [
      'a length and chunks',
      [
        `POST ${path} HTTP/1.1\r\n${close}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      /^HTTP\/1\.1 400/,
    ],
    [
      'a huge announced body',
      [`POST ${path} HTTP/1.1\r\n${close}Content-Length: 99999999\r\n\r\nx`],
      /^HTTP\/1\.1 400 [^]*Request body not valid\n$/,
    ],
    [
      'endless chunks',
      [
        `POST ${path} HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\n`,
        `4e20\r\n${'x'.repeat(20_000)}\r\n`,
      ],
      /^HTTP\/1\.1 400 [^]*Request body not valid\n$/,
    ],
    [
      'an absolute path',
      [`POST http://else${path} HTTP/1.1\r\n${close}Content-Length: 1\r\n\r\nx`],
      /^HTTP\/1\.1 404/,
    ],
    [
      'a header with a line feed',
      [`POST ${path} HTTP/1.1\r\n${close}name: a\nb\r\n\r\n`],
      /^HTTP\/1\.1 400/,
    ],
  ] as const) {
    assert.match(await exchange(world, bytes), answer, what);
  }
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  const chunked = `POST ${path} HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\n${code.length.toString(16)}\r\n${code}\r\n0\r\n\r\n`;
  assert.match(await exchange(world, [chunked]), /^HTTP\/1\.1 200/);
});

test('neither code nor keys nor certificates reach the log', async (context) => {
  const lines: string[] = [];
  const write = (...parts: unknown[]): void => void lines.push(JSON.stringify(parts));
  const log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const world = await grantWorld(context, {}, { log });
  await openSite(world);
  const grant = await world.grant('g', { code: 'very-secret-code', redemptionsAllowed: 1 });
  assert.equal((await world.redeem(grant, { body: 'very-wrong-code' })).status, 403);
  const answer = await world.redeem(grant);
  assert.equal(answer.status, 200);
  const key = /tls\.key: (\S{40})/.exec(answer.body.toString())?.[1] ?? '';
  assert.equal(key.length, 40);
  assert.ok(lines.some((line) => line.includes('access granted')));
  for (const secretText of [
    'very-secret-code',
    'very-wrong-code',
    key,
    'PRIVATE KEY',
    'BEGIN CERT',
  ]) {
    assert.equal(lines.join('\n').includes(secretText), false, secretText);
  }
});
