import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { silentLogger } from '#base/log.ts';
import {
  clientCertificateOf,
  type HttpHandler,
  httpsRequest,
  type HttpServerOptions,
  readBody,
  type RunningHttpServer,
  sendJson,
  sendText,
  startHttpServer,
} from '#http/index.ts';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { until } from '../support/until.ts';

const nowMs = Date.now();

interface Issuer {
  readonly ca: string;
  issue(server: boolean, commonName?: string): Promise<{ cert: string; key: string }>;
}

async function issuerOf(commonName: string): Promise<Issuer> {
  const authority = await createAuthority({ commonName, nowMs });
  return {
    ca: authority.certificate.pem,
    issue: async (server, name = 'localhost') => {
      const { certificate, keys } = await issueCertificate(authority, {
        commonName: name,
        organizations: ['one', 'two'],
        hosts: ['localhost', '127.0.0.1'],
        server,
        client: !server,
        nowMs,
      });
      return { cert: certificate.pem, key: privateKeyPem(keys.privateKey) };
    },
  };
}

async function serverFor(
  t: TestContext,
  handle: HttpHandler,
  options: Partial<HttpServerOptions> = {},
): Promise<RunningHttpServer> {
  const server = await startHttpServer(
    { logger: silentLogger, handle },
    { host: '127.0.0.1', port: 0, ...options },
  );
  t.after(() => server.stop({ graceMs: 0 }));
  return server;
}

const hello = async (_: IncomingMessage, response: ServerResponse): Promise<void> =>
  sendText(response, 200, 'hello');

const code = (expected: string) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === expected;

test('a client that trusts the CA is served over TLS 1.3, others are not', async (t) => {
  const issuer = await issuerOf('ca');
  const other = await issuerOf('other');
  const server = await serverFor(t, hello, { tls: await issuer.issue(true) });
  const { status, body } = await httpsRequest({ url: server.origin, ca: issuer.ca });
  assert.deepEqual([status, body.toString()], [200, 'hello']);
  await assert.rejects(
    httpsRequest({ url: server.origin, ca: other.ca }),
    code('HTTP_TLS_UNTRUSTED'),
  );
  const url = server.origin.replace('127.0.0.1', 'localhost');
  const wrongName = httpsRequest({ url, ca: issuer.ca, serverName: 'example.com' });
  await assert.rejects(wrongName, code('HTTP_TLS_UNTRUSTED'));
  const old = connect({ port: server.port, ca: issuer.ca, maxVersion: 'TLSv1.2' });
  const failure = await new Promise<Error>((resolve) => old.once('error', resolve));
  assert.match(failure.message, /version|handshake/);
});

test('the certificate can be replaced while serving; a bad one leaves the old', async (t) => {
  const [first, second] = [await issuerOf('first'), await issuerOf('second')];
  const server = await serverFor(t, hello, { tls: await first.issue(true) });
  const ask = (ca: string) => httpsRequest({ url: server.origin, ca });
  const { cert } = await second.issue(true);
  const { key } = await second.issue(true);
  assert.throws(() => server.setTls({ cert, key }), code('HTTP_TLS_INVALID'));
  assert.equal((await ask(first.ca)).status, 200);
  server.setTls(await second.issue(true));
  assert.equal((await ask(second.ca)).status, 200);
  await assert.rejects(ask(first.ca), code('HTTP_TLS_UNTRUSTED'));
});

test('client certificates are read and judged', async (t) => {
  const [issuer, foreign] = [await issuerOf('ca'), await issuerOf('foreign')];
  const server = await serverFor(
    t,
    async ({ socket }, response) => sendJson(response, 200, clientCertificateOf(socket) ?? null),
    { tls: { ...(await issuer.issue(true)), clientCa: issuer.ca } },
  );
  const ask = async (identity: object) =>
    JSON.parse(
      (await httpsRequest({ url: server.origin, ca: issuer.ca, ...identity })).body.toString(),
    );
  assert.equal(await ask({}), null);
  const identity = await issuer.issue(false, 'me');
  const { fingerprintSha256, serialNumber, notAfterMs, ...known } = await ask(identity);
  const parsed = new X509Certificate(identity.cert);
  assert.equal(serialNumber, parsed.serialNumber.toLowerCase().replace(/^0+/, ''));
  assert.equal(notAfterMs, Date.parse(parsed.validTo));
  assert.deepEqual(known, {
    trusted: true,
    commonName: 'me',
    organizations: ['one', 'two'],
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'],
  });
  assert.match(fingerprintSha256, /^[0-9a-f]{64}$/);
  assert.equal((await ask(await foreign.issue(false, 'me'))).trusted, false);
});

test('one address gets so many connections, and others when these are closed', async (t) => {
  const limits = { connectionsPerAddressMax: 2 };
  const server = await serverFor(t, hello, { limits });
  const open = (): Socket => {
    const socket = connectPlain(server.port, '127.0.0.1');
    t.after(() => socket.destroy());
    return socket;
  };
  const first = open();
  open();
  await until(() => server.connectionCount === 2, 'two connections');
  const third = open();
  await once(third, 'close');
  first.destroy();
  await until(() => server.connectionCount === 1, 'one to close');
  assert.equal((await httpsRequest({ url: server.origin })).status, 200);
});

test('bodies are read up to their limit', async (t) => {
  const server = await serverFor(t, async (request, response) => {
    try {
      sendJson(response, 200, (await readBody(request, 1000)).length);
    } catch (error) {
      sendText(response, 413, code('HTTP_BODY_TOO_LARGE')(error) ? 'large' : 'other');
    }
  });
  const send = async (size: number, headers = {}) => {
    const body = 'x'.repeat(size);
    const answer = await httpsRequest({ url: server.origin, method: 'POST', body, headers });
    return answer.body.toString();
  };
  assert.equal(await send(0), '0');
  assert.equal(await send(1000), '1000');
  assert.equal(await send(1001), 'large');
});

test('an answer above the limit, a slow one and a cut one are told apart', async (t) => {
  const server = await serverFor(t, async (request, response) => {
    if (request.url === '/big') sendText(response, 200, 'x'.repeat(5000));
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('x', () => response.destroy());
    }
    if (request.url === '/move') response.writeHead(302, { location: '/big' }).end();
  });
  const ask = (path: string, more = {}) => httpsRequest({ url: server.origin + path, ...more });
  await assert.rejects(ask('/big', { bodyBytesMax: 4999 }), code('HTTP_BODY_TOO_LARGE'));
  assert.equal((await ask('/big', { bodyBytesMax: 5000 })).body.length, 5000);
  await assert.rejects(ask('/slow', { timeoutMs: 50 }), code('HTTP_TIMEOUT'));
  const { signal } = { signal: AbortSignal.abort() };
  await assert.rejects(ask('/slow', { signal }), code('HTTP_ABORTED'));
  await assert.rejects(ask('/cut'), (error: unknown) =>
    ['HTTP_BODY_INCOMPLETE', 'HTTP_CONNECT_FAILED'].some((each) => code(each)(error)),
  );
  assert.equal((await ask('/move')).status, 302, 'redirects are not followed');
  await server.stop({ graceMs: 0 });
  await assert.rejects(ask('/big'), code('HTTP_CONNECT_FAILED'));
});

test('only http and https are requested, and a CA means https', async () => {
  for (const url of ['nonsense', 'file:///etc/passwd', 'ftp://x/']) {
    await assert.rejects(httpsRequest({ url }), code('HTTP_URL_INVALID'));
  }
  await assert.rejects(httpsRequest({ url: 'http://x/', ca: 'x' }), code('HTTP_URL_INVALID'));
});

test('a handler that fails answers 500 once, or cuts what it began', async (t) => {
  const server = await serverFor(t, async (request, response) => {
    if (request.url === '/began') {
      response.writeHead(200);
      response.write('half');
    }
    throw new TypeError('secret detail');
  });
  const { status, body } = await httpsRequest({ url: server.origin });
  assert.deepEqual([status, body.toString()], [500, 'internal error\n']);
  await assert.rejects(httpsRequest({ url: `${server.origin}/began` }));
});

test('a client that sends its headers or body too slowly is cut', async (t) => {
  const server = await serverFor(
    t,
    async (request, response) => {
      await readBody(request, 1000).catch(() => undefined);
      sendText(response, 200, 'done');
    },
    { limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } },
  );
  for (const start of [
    'GET / HTTP/1.1\r\nhost',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx',
  ]) {
    const socket = connectPlain(server.port, '127.0.0.1');
    let closed = false;
    socket.on('close', () => (closed = true));
    socket.on('error', () => undefined).resume();
    socket.write(start);
    await until(() => closed, 'the slow client to be cut');
  }
});

test('connections above the limit are closed at once', async (t) => {
  const server = await serverFor(t, hello, { limits: { connectionsMax: 2 } });
  const sockets = Array.from({ length: 5 }, () => connectPlain(server.port, '127.0.0.1'));
  let closed = 0;
  for (const socket of sockets)
    socket
      .on('close', () => closed++)
      .on('error', () => undefined)
      .resume();
  await until(() => closed === 3, 'three to be closed');
  assert.equal(server.connectionCount, 2);
  for (const socket of sockets) socket.destroy();
});

test('stopping ends idle connections, waits for answers and cuts after the grace', async (t) => {
  const answers = Promise.withResolvers<void>();
  const server = await serverFor(t, async (request, response, stopping) => {
    if (request.url === '/polite') {
      await new Promise((resolve) => stopping.addEventListener('abort', resolve));
      sendText(response, 200, 'ended');
    }
    if (request.url === '/stubborn') await answers.promise;
  });
  const idle = connectPlain(server.port, '127.0.0.1');
  idle.on('error', () => undefined).resume();
  const polite = httpsRequest({ url: `${server.origin}/polite` });
  const stubborn = assert.rejects(httpsRequest({ url: `${server.origin}/stubborn` }));
  await until(() => server.connectionCount === 3, 'all to be connected');
  const stopped = server.stop({ graceMs: 300 });
  assert.equal((await polite).body.toString(), 'ended');
  await stubborn;
  await stopped;
  await server.stop({ graceMs: 0 });
  assert.equal(server.connectionCount, 0);
  answers.resolve();
});

test('a port that is taken is reported with its address', async (t) => {
  const server = await serverFor(t, hello);
  const again = startHttpServer(
    { logger: silentLogger, handle: hello },
    { host: '127.0.0.1', port: server.port },
  );
  await assert.rejects(again, (error: Error) => {
    assert.match(error.message, new RegExp(`cannot listen on 127.0.0.1:${server.port}`));
    return code('HTTP_LISTEN_FAILED')(error);
  });
});

test('who takes nothing of a whole answer is cut, who reads a stream slowly is not', async (t) => {
  const body = Buffer.alloc(32 * 1024 * 1024);
  const server = await serverFor(
    t,
    async (request, response) => {
      if (request.url === '/whole') {
        response.end(body);
        return;
      }
      response.write(body);
      await once(response, 'close');
    },
    { limits: { answerStallMs: 300 } },
  );
  const ask = (path: string): Socket => {
    const socket = connectPlain(server.port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    // Nobody listens for data, so nothing is read.
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket;
  };
  const stream = ask('/stream');
  ask('/whole');
  await until(() => server.connectionCount === 2, 'both to be there');
  await until(() => server.connectionCount === 1, 'the one to be cut');
  stream.resume();
  await once(stream, 'data');
  assert.equal(server.connectionCount, 1);
});
