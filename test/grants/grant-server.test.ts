import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { accessGrant, site } from '#apis/index.ts';
import { parseReceivedAccess } from '#grants/token/received-documents.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { secret } from '#kube/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import {
  createKeyPair,
  createSigningRequest,
  parseCertificate,
  privateKeyPem,
  verifyChain,
} from '#pki/index.ts';
import { grantWorld, openSite, west } from '../support/grant-world.ts';
import { until } from '../support/until.ts';

const textOf = (response: HttpResponse): string => response.body.toString('utf8');
const told = (response: HttpResponse): [number, string] => [response.status, textOf(response)];

test('acceptance 44: the right code is answered with a Secret and a Link, and counted', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 2, expirationWindow: '25m' });
  assert.match(grant.status?.code ?? '', /^[A-Za-z0-9]{24}$/);
  assert.equal(grant.status?.url, `${world.server.url}/${grant.metadata.uid}`);
  const subject = '9c6de2ac-29d8-4c41-b3b5-4ab0a9f1a4a1';
  const response = await world.redeem(grant, { headers: { name: 'east-token', subject } });
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
  assert.ok(textOf(response).startsWith('---\n'));
  const access = parseReceivedAccess(textOf(response), 'east-token', 'unused');
  const pem = (key: 'ca.crt' | 'tls.crt' | 'tls.key'): string =>
    Buffer.from(access.data[key], 'base64').toString();
  const leaf = parseCertificate(pem('tls.crt'));
  assert.equal(leaf.commonName, subject);
  assert.deepEqual(
    [leaf.clientAuth, leaf.serverAuth, leaf.dnsNames, leaf.ipAddresses],
    [true, false, [], []],
  );
  assert.match(pem('tls.key'), /^-----BEGIN PRIVATE KEY-----/);
  assert.equal(verifyChain(pem('tls.crt'), pem('ca.crt'), Date.now()), true);
  assert.deepEqual(
    access.links.map(({ name, endpoints }) => [
      name,
      endpoints.map((each) => `${each.name}:${each.port}`),
    ]),
    [['east-token', ['inter-router:55671', 'edge:45671']]],
  );
  assert.equal((await world.read('g')).status?.redemptions, 1);
  // Without headers the grant names everything.
  const unnamed = await world.redeem(grant);
  assert.equal(parseReceivedAccess(textOf(unnamed), 'g', 'unused').links[0]?.name, 'g');
});

test('acceptance 37, 38, 39, 40, 41, 42, 47: refusals are told as upstream tells them, in its order, and are not counted', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { code: 'secret1' });
  const url = `${world.server.url}/${grant.metadata.uid}`;
  const ca = world.server.current()?.caPem ?? '';
  assert.equal(grant.status?.code, 'secret1');

  const got = await httpsRequest({ url, ca });
  assert.deepEqual(told(got), [405, 'Only POST is supported\n']);
  assert.equal(got.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(got.headers['x-content-type-options'], 'nosniff');
  assert.equal(got.headers.allow, undefined);
  const post = (path: string, body: string): Promise<HttpResponse> =>
    httpsRequest({ url: world.server.url + path, method: 'POST', body, ca });
  assert.deepEqual(told(await post('/unknown', 'x')), [404, 'No such claim\n']);
  assert.deepEqual(told(await post('/', 'x')), [404, 'No such claim\n']);
  assert.deepEqual(told(await post('//[', 'x')), [404, 'No such claim\n']);
  const wrong = [403, 'Redemption of access token refused\n'];
  for (const body of ['wrong', 'secret1\n', '', 'SECRET1']) {
    assert.deepEqual(told(await world.redeem(grant, { body })), wrong, JSON.stringify(body));
  }
  assert.deepEqual(told(await world.redeem(grant, { body: 'x'.repeat(20_000) })), [
    400,
    'Request body not valid\n',
  ]);
  const named = await world.redeem(grant, { headers: { name: '../etc' } });
  assert.deepEqual(told(named), [400, 'Request header name not valid\n']);
  const asked = await world.redeem(grant, { headers: { 'certificate-request': 'AAAA' } });
  assert.deepEqual(told(asked), [400, 'Request header certificate-request not valid\n']);
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  // Slashes are not looked at, and neither is the query.
  const uid = grant.metadata.uid ?? '';
  assert.equal((await post(`//${uid.slice(0, 4)}/${uid.slice(4)}/?x=/`, 'secret1')).status, 200);
  // Used up is told before the code is looked at, and so is the end of time.
  assert.deepEqual(told(await world.redeem(grant, { body: 'wrong' })), [
    404,
    'No such access granted\n',
  ]);
  world.clock.offsetMs = 16 * 60_000;
  assert.deepEqual(told(await world.redeem(grant)), [404, 'No such claim\n']);
  assert.equal((await world.read('g')).status?.redemptions, 1);
});

test('acceptance 43: a site that cannot be joined uses nothing up', async (context) => {
  const world = await grantWorld(context);
  const grant = await world.grant('g');
  assert.equal(grant.status?.status, 'Ready');
  assert.deepEqual(told(await world.redeem(grant)), [500, 'Site not yet defined for west\n']);
  const open = await openSite(world);
  const change = async (edge: boolean, endpoints: readonly object[]): Promise<void> => {
    const now = await until(() => world.client.find(site, { namespace: west, name: west }), 'site');
    const written = await world.client.update(site, { ...now, spec: { ...open.spec, edge } });
    await world.client.updateStatus(site, { ...written, status: { endpoints: [...endpoints] } });
    await until(() => {
      const cached = world.informers.of(site).get({ namespace: west, name: west });
      return cached?.spec?.edge === edge && cached.status?.endpoints?.length === endpoints.length;
    }, 'site change');
  };
  await change(true, open.status?.endpoints ?? []);
  const edge = 'Edge sites cannot accept incoming links from remote sites';
  assert.deepEqual(told(await world.redeem(grant)), [500, `${edge}\n`]);
  await until(
    async () => (await world.read('g')).status?.message === edge,
    'grant tells about the edge site',
  );
  await change(false, []);
  assert.deepEqual(told(await world.redeem(grant)), [500, 'No valid endpoints found for site\n']);
  await change(false, open.status?.endpoints ?? []);
  const self = await world.redeem(grant, { headers: { subject: open.metadata.uid ?? '' } });
  assert.deepEqual(told(self), [400, "Can't create connection to self with token\n"]);
  const other = await world.grant('other', { issuer: 'none' });
  assert.deepEqual(told(await world.redeem(other)), [
    500,
    'Could not get issuer for requested certificate\n',
  ]);
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  await change(false, open.status?.endpoints ?? []);
  assert.equal((await world.redeem(grant)).status, 200);
  assert.equal((await world.read('g')).status?.redemptions, 1);
});

test('a grant with a broken window is corrupted, and a deleted one is unknown', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const broken = await world.grant('broken', { expirationWindow: '1d', code: 'c' });
  assert.equal(broken.status?.status, 'Error');
  assert.deepEqual(told(await world.redeem(broken)), [500, 'Corrupted claim\n']);
  const grant = await world.grant('g');
  await world.client.remove(accessGrant, { namespace: west, name: 'g' });
  await until(async () => (await world.redeem(grant)).status === 404, 'unknown');
});

for (const conflicts of [false, true]) {
  test(`acceptance 45: of 20 parallel redemptions exactly the 5 allowed succeed${conflicts ? ', also against other replicas' : ''}`, async (context) => {
    const world = await grantWorld(context);
    await openSite(world);
    const grant = await world.grant('g', { redemptionsAllowed: 5 });
    if (conflicts) {
      // Somebody else touches the grant just before our writes.
      let left = 4;
      world.client.fault = async (verb, kind) => {
        if (verb !== 'updateStatus' || kind !== 'AccessGrant' || left === 0) return;
        left--;
        const now = await world.read('g');
        const labels = { touched: String(left) };
        await world.client.update(accessGrant, { ...now, metadata: { ...now.metadata, labels } });
      };
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        world.redeem(grant, { headers: { name: `t${index}` } }),
      ),
    );
    const statuses = answers.map((answer) => answer.status).sort((a, b) => a - b);
    assert.deepEqual(statuses, [...Array(5).fill(200), ...Array(15).fill(404)]);
    assert.ok(
      answers.every(
        (answer) => answer.status === 200 || textOf(answer) === 'No such access granted\n',
      ),
    );
    assert.equal((await world.read('g')).status?.redemptions, 5);
  });
}

test('what cannot be counted is not answered', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  world.client.fault = (verb, kind) => {
    if (verb === 'updateStatus' && kind === 'AccessGrant')
      throw new KubeClientError('KUBE_SERVER', 'disk full');
  };
  assert.deepEqual(told(await world.redeem(grant)), [503, 'Internal error\n']);
  world.client.fault = () => undefined;
  assert.equal((await world.redeem(grant)).status, 200);
});

test('who lost the answer gets the same one again without another use', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  const headers = { name: 't', subject: 's', 'redemption-id': 'r-1' };
  const answers = await Promise.all([
    world.redeem(grant, { headers }),
    world.redeem(grant, { headers }),
  ]);
  const again = await world.redeem(grant, { headers });
  assert.deepEqual(
    [...answers, again].map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(new Set([...answers, again].map(textOf)).size, 1);
  assert.equal((await world.read('g')).status?.redemptions, 1);
  // Another id, another name or a wrong code is not the same joiner.
  assert.equal(
    (await world.redeem(grant, { headers: { ...headers, 'redemption-id': 'r-2' } })).status,
    404,
  );
  assert.equal((await world.redeem(grant, { headers: { ...headers, name: 'u' } })).status, 404);
  assert.equal((await world.redeem(grant, { headers, body: 'wrong' })).status, 404);
  world.clock.offsetMs = 6 * 60_000;
  assert.equal((await world.redeem(grant, { headers })).status, 404);
});

test('a joiner that sends a certificate request keeps its key to itself', async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g');
  const keys = await createKeyPair();
  const request = await createSigningRequest(keys, { commonName: 'whatever' });
  const headers = {
    subject: 'site-id',
    'certificate-request': request.replaceAll(/-----[^-]+-----|\s/g, ''),
  };
  const response = await world.redeem(grant, { headers });
  assert.equal(response.status, 200);
  assert.doesNotMatch(textOf(response), /tls\.key/);
  const access = parseReceivedAccess(textOf(response), 'g', privateKeyPem(keys.privateKey));
  const leaf = parseCertificate(Buffer.from(access.data['tls.crt'], 'base64').toString());
  assert.equal(leaf.commonName, 'site-id');
});

test('guessing is slowed down, and so are requests for nothing', async (context) => {
  const world = await grantWorld(context, {
    guessLimits: { placeBurst: 3 },
    failuresPerPlaceMax: 6,
  });
  await openSite(world);
  const [grant, other] = [await world.grant('g'), await world.grant('other')];
  world.clock.stop();
  for (let count = 0; count < 3; count++)
    assert.equal((await world.redeem(grant, { body: 'no' })).status, 403);
  const limited = await world.redeem(grant);
  assert.deepEqual(told(limited), [429, 'Too many attempts\n']);
  assert.equal(Number(limited.headers['retry-after']), 6);
  assert.equal((await world.redeem(other)).status, 200);
  await until(async () => (await world.read('g')).status?.refusals?.count === 3, 'recorded');
  world.clock.offsetMs = 7000;
  assert.equal((await world.redeem(grant)).status, 200);
  const ca = world.server.current()?.caPem ?? '';
  const statuses: number[] = [];
  for (let count = 0; count < 8; count++) {
    statuses.push(
      (await httpsRequest({ url: `${world.server.url}/x`, method: 'POST', body: 'x', ca })).status,
    );
  }
  assert.deepEqual([statuses[0], statuses.at(-1)], [404, 429]);
});

test('acceptance 46: the server speaks TLS 1.3 only, with a certificate for its own CA and host', async (context) => {
  const world = await grantWorld(context);
  const port = Number(new URL(world.server.url).port);
  const ca = world.server.current()?.caPem ?? '';
  const dial = async (options: object): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect({ host: '127.0.0.1', port, ca, ...options }, () =>
      resolve(socket.getProtocol() ?? ''),
    );
    socket.on('error', (error) => resolve(error.message));
    const result = await promise;
    socket.destroy();
    return result;
  };
  assert.equal(await dial({}), 'TLSv1.3');
  assert.match(await dial({ maxVersion: 'TLSv1.2' }), /version/);
  assert.match(await dial({ ca: undefined }), /unable to verify/);
  assert.match(await dial({ servername: 'example.org' }), /altnames/);
});

test('a renewed server certificate is served and published without a restart', async (context) => {
  const world = await grantWorld(context);
  const grant = await world.grant('g');
  const before = world.server.current()?.caPem ?? '';
  await world.client.remove(secret, {
    namespace: 'drawbridge-system',
    name: 'skupper-grant-server-ca',
  });
  await until(async () => {
    const { ca } = (await world.read('g')).status ?? {};
    return ca !== undefined && ca !== before && ca === world.server.current()?.caPem;
  }, 'new CA in the grant');
  assert.equal((await world.redeem(grant)).status, 500);
});

test('a Secret of the same name elsewhere does not change the server', async (context) => {
  const world = await grantWorld(context);
  const own = await until(
    () =>
      world.client.find(secret, { namespace: 'drawbridge-system', name: 'skupper-grant-server' }),
    'Secret',
  );
  const before = world.server.current();
  const { resourceVersion: _old, uid: _uid, ownerReferences: _owners, ...metadata } = own.metadata;
  const data = { ...own.data, 'ca.crt': Buffer.from('evil').toString('base64') };
  await world.client.create(secret, { ...own, metadata: { ...metadata, namespace: west }, data });
  await until(
    () => world.informers.of(secret).get({ namespace: west, name: 'skupper-grant-server' }),
    'seen',
  );
  assert.deepEqual(world.server.current(), before);
});

const curl = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn('curl', ['--silent', '--show-error', '--max-time', '10', ...args]);
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  child.on('error', reject);
  child.on('close', resolve);
  return { code: await promise, output };
};
const hasCurl = await curl('--version').then(
  () => true,
  () => false,
);

test('curl redeems as the documented procedure does', {
  skip: hasCurl ? false : 'curl is not installed',
}, async (context) => {
  const world = await grantWorld(context);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 2 });
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-grant-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const ca = join(directory, 'ca.crt');
  writeFileSync(ca, grant.status?.ca ?? '');
  const args = ['--cacert', ca, '--write-out', '\n%{http_code}', grant.status?.url ?? ''];
  const ok = await curl('--data-binary', grant.status?.code ?? '', '--header', 'name: t1', ...args);
  assert.match(ok.output, /^---\napiVersion: v1\n[^]*kind: Link\n[^]*\n200$/);
  assert.match((await curl(...args)).output, /^Only POST is supported\n\n405$/);
  const old = await curl('--tls-max', '1.2', '--data', 'x', ...args);
  assert.notEqual(old.code, 0);
  assert.match((await curl('--data-binary', `${grant.status?.code}\n`, ...args)).output, /403$/);
});
