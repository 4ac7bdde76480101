/** TLS that the router ends for clients and begins to servers, judged by curl and openssl. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { hasOpenssl } from '../support/openssl.ts';
import { curl, curlExit, curlSkip } from '../support/process-curl.ts';
import { runProcess } from '../support/process-runner.ts';
import { makeCluster, type TestRouter } from '../support/router-cluster.ts';
import { listenerPort, offer, open } from '../support/router-services.ts';
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { startHttps, testAuthority, tlsFolder } from '../support/service-tls.ts';
import { until } from '../support/until.ts';

async function pair(t: TestContext): Promise<{ near: TestRouter; far: TestRouter }> {
  const cluster = await makeCluster(t);
  const near = await cluster.add('A');
  const far = await cluster.add('B');
  await cluster.link(near, far);
  await cluster.converged();
  return { near, far };
}

async function plainHttp(t: TestContext, text: string): Promise<number> {
  const server = createServer((_request, response) => {
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A tcpListener with TLS for `svc`. @returns its port */
async function openTls(
  router: TestRouter,
  sslProfile: string,
  attributes: Record<string, unknown> = {},
): Promise<number> {
  const listener = { address: 'svc', host: '127.0.0.1', port: '0', sslProfile, ...attributes };
  await router.create('tcpListener', 'svc', listener);
  return listenerPort(router, 'svc');
}

test('a listener ends TLS for its clients', { skip: curlSkip }, async (t) => {
  const { near, far } = await pair(t);
  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const texts = await authority.server('front', ['localhost']);
  await near.create('sslProfile', 'front', folder.profile('front', texts));
  await offer(far, 'svc', await plainHttp(t, 'plain behind'));
  const port = await openTls(near, 'front');
  const ca = folder.file('trust.crt', authority.ca);
  const url = `https://localhost:${port}/`;
  const ok = await curl('-4', '--cacert', ca, url);
  assert.equal(ok.stdout, 'plain behind', ok.stderr);
  const other = folder.file('other.crt', (await testAuthority('other')).ca);
  assert.equal((await curl('-4', '--cacert', other, url)).code, curlExit.badCertificate);
  const otherName = await curl('--cacert', ca, `https://127.0.0.1:${port}/`);
  assert.equal(otherName.code, curlExit.badCertificate);
  if (hasOpenssl) {
    const target = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost'];
    const flags = ['-CAfile', ca, '-verify_return_error', '-brief'];
    const seen = await runProcess('openssl', ['s_client', ...target, ...flags]);
    const output = seen.stdout + seen.stderr;
    assert.match(output, /Verification: OK/);
    assert.match(output, /TLSv1\.3/);
  }
});

test('a listener may demand certificates of its clients', { skip: curlSkip }, async (t) => {
  const { near, far } = await pair(t);
  const authority = await testAuthority('ours');
  const strangers = await testAuthority('theirs');
  const folder = tlsFolder(t);
  const texts = await authority.server('front', ['localhost']);
  await near.create('sslProfile', 'front', folder.profile('front', texts));
  await offer(far, 'svc', await plainHttp(t, 'come in'));
  const port = await openTls(near, 'front', { authenticatePeer: true });
  const ca = folder.file('trust.crt', authority.ca);
  const ask = async (name: string, from?: typeof authority) => {
    const { cert, key } = (await from?.client(name)) ?? {};
    const own =
      cert === undefined || key === undefined
        ? []
        : ['--cert', folder.file(`${name}.crt`, cert), '--key', folder.file(`${name}.key`, key)];
    return curl('-4', '--cacert', ca, ...own, `https://localhost:${port}/`);
  };
  assert.equal((await ask('friend', authority)).stdout, 'come in');
  for (const refused of [await ask('nobody'), await ask('stranger', strangers)]) {
    assert.notEqual(refused.code, curlExit.ok);
    assert.equal(refused.stdout, '');
  }
  assert.equal(near.bridge.listeners.shelf.get('svc')?.item.counters.connectionsOpened, 1);
});

test('a listener without its certificate, or without a CA for clients, does not open', async (t) => {
  const { near } = await pair(t);
  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const { cert, key } = await authority.server('front', ['localhost']);
  await near.create('sslProfile', 'bare', folder.profile('bare', { ca: authority.ca }));
  await near.create('sslProfile', 'noca', folder.profile('noca', { cert, key }));
  await offer(near, 'svc', 9);
  const cases = [
    ['bare', false, /no certificate and key/],
    ['noca', true, /no CA for clients/],
  ] as const;
  for (const [sslProfile, authenticatePeer, reason] of cases) {
    const attributes = { address: 'svc', host: '127.0.0.1', port: '0', sslProfile };
    await near.create('tcpListener', sslProfile, { ...attributes, authenticatePeer });
    const item = near.bridge.listeners.shelf.get(sslProfile)!.item;
    await until(() => reason.test(item.connectionMsg), `${sslProfile} says why`);
    assert.equal(item.operStatus, 'down');
  }
});

test('a connector begins TLS to its server, and trusts only its CA', {
  skip: curlSkip,
}, async (t) => {
  const { near, far } = await pair(t);
  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const https = await startHttps(t, await authority.server('back', ['back.test']), 'secured');
  const { ca } = await testAuthority('other');
  await far.create('sslProfile', 'right', folder.profile('right', { ca: authority.ca }));
  await far.create('sslProfile', 'wrong', folder.profile('wrong', { ca }));
  const cases = [
    ['trusted', 'right', false, undefined],
    ['distrusted', 'wrong', false, /self-signed certificate|unable to (get|verify)/],
    ['misnamed', 'right', true, /does not match|not in the cert/],
  ] as const;
  for (const [name, sslProfile, verifyHostname, failure] of cases) {
    const attributes = { address: name, host: '127.0.0.1', port: String(https) };
    await far.create('tcpConnector', name, { ...attributes, sslProfile, verifyHostname });
    const answer = await curl(`http://127.0.0.1:${await open(near, name)}/`);
    const { lastFailure } = far.bridge.connectors.shelf.get(name)!.item;
    if (failure === undefined) {
      assert.equal(answer.stdout, 'secured', answer.stderr);
      assert.equal(lastFailure, '');
    } else {
      assert.ok([curlExit.emptyReply, curlExit.recv].includes(answer.code ?? -1), answer.stderr);
      assert.match(lastFailure, failure);
    }
  }
  // The right CA later, without a new connector.
  await far.router.kinds.get('sslProfile')!.update!(
    'sslProfile/wrong',
    folder.profile('wrong', { ca: authority.ca }),
  );
  assert.equal(far.bridge.connectors.shelf.get('distrusted')?.item.lastFailure, '');
  const healed = await curl(`http://127.0.0.1:${await listenerPort(near, 'distrusted')}/`);
  assert.equal(healed.stdout, 'secured', healed.stderr);
});

test('a connector shows its certificate to a server that wants one', {
  skip: curlSkip,
}, async (t) => {
  const { near, far } = await pair(t);
  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const texts = await authority.server('back', ['127.0.0.1']);
  const https = await startHttps(t, texts, 'hello', { requestCert: true });
  const own = await authority.client('the-connector');
  await far.create('sslProfile', 'full', folder.profile('full', own));
  await far.create('sslProfile', 'ca-only', folder.profile('ca-only', { ca: authority.ca }));
  for (const sslProfile of ['full', 'ca-only']) {
    const attributes = { address: sslProfile, host: '127.0.0.1', port: String(https) };
    await far.create('tcpConnector', sslProfile, { ...attributes, sslProfile });
  }
  const welcome = await curl(`http://127.0.0.1:${await open(near, 'full')}/`);
  assert.equal(welcome.stdout, 'hello the-connector', welcome.stderr);
  const refused = await curl(`http://127.0.0.1:${await open(near, 'ca-only')}/`);
  assert.notEqual(refused.code, curlExit.ok);
  const { item } = far.bridge.connectors.shelf.get('ca-only')!;
  await until(() => /certificate required/i.test(item.lastFailure), 'the refusal is told');
});

test('new credentials serve new connections; the socket and the old ones stay', async (t) => {
  const { near, far } = await pair(t);
  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const texts = await authority.server('first', ['localhost']);
  await near.create('sslProfile', 'front', folder.profile('front', texts));
  const server = await serve(t, echo);
  await offer(far, 'svc', server.port);
  const port = await openTls(near, 'front');
  const join = async () => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: authority.ca,
    });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    return { socket, name: socket.getPeerCertificate().subject.CN };
  };
  const old = await join();
  assert.equal(old.name, 'first');
  const renew = async (name: string, update: () => Record<string, string>) => {
    const attributes = { ...update(), ordinal: 2 };
    await near.router.kinds.get('sslProfile')!.update!('sslProfile/front', attributes);
    const { item } = near.bridge.listeners.shelf.get('svc')!;
    assert.deepEqual([item.operStatus, item.boundPort], ['up', port], name);
  };
  const second = await authority.server('second', ['localhost']);
  await renew('second', () => folder.profile('front', second));
  assert.equal((await join()).name, 'second');
  // What does not fit together is not used.
  await renew('broken', () => folder.profile('front', { ...texts, key: second.key }));
  assert.equal((await join()).name, 'second');
  old.socket.end('still here');
  assert.equal((await readAll(old.socket)).toString(), 'still here');
  await assert.rejects(
    (async () => {
      const plain = await dial(port, t);
      plain.end('GET / HTTP/1.0\r\n\r\n');
      const answer = await readAll(plain);
      if (!answer.includes('HTTP')) throw new RangeError('no HTTP without TLS');
    })(),
    RangeError,
  );
});
