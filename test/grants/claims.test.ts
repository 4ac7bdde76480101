/**
 * Claims of Skupper v1 at the grant server: a grant is redeemed in the words of v1 as well, counted
 * together with everything else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  type AccessGrant,
  claimSecret,
  isConnectionToken,
  issuedLink,
  readClaim,
  readConnectionToken,
} from '#apis/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { type Secret, secretText } from '#kube/index.ts';
import { keyMatchesCertificate, parseCertificate, verifyChain } from '#pki/index.ts';
import { type GrantWorld, grantWorld, openSite, west } from '../support/grant-world.ts';
import { until } from '../support/until.ts';

const joiner = '9c6de2ac-29d8-4c41-b3b5-4ab0a9f1a4a1';

/** As the service controller of v1 asks: its version in the query, itself in a header. */
async function claim(
  world: GrantWorld,
  grant: AccessGrant,
  given: { body?: string; headers?: Record<string, string>; query?: string } = {},
): Promise<HttpResponse> {
  return await httpsRequest({
    url: `${world.server.url}/${grant.metadata.uid}${given.query ?? '?site-version=1.9.6'}`,
    method: 'POST',
    body: given.body ?? grant.status?.code ?? '',
    headers: given.headers ?? { 'skupper-site-name': joiner },
    ca: world.server.current()?.caPem ?? '',
  });
}

const told = (response: HttpResponse): [number, string] => [
  response.status,
  response.body.toString('utf8'),
];

test('a site of v1 is answered with a connection token', async (t) => {
  const world = await grantWorld(t);
  const { metadata } = await openSite(world);
  const grant = await world.grant('claimed', { redemptionsAllowed: 3 });
  const response = await claim(world, grant);
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
  const text = response.body.toString('utf8');
  // Sorted keys and no document mark, as the serializer of v1 writes.
  assert.match(
    text,
    /^apiVersion: v1\ndata:\n {2}ca\.crt: \S+\n {2}tls\.crt: \S+\n {2}tls\.key: \S+\nkind: Secret\nmetadata:\n {2}annotations:\n(?: {4}\S+: \S+\n){6} {2}creationTimestamp: null\n {2}labels:\n {4}skupper\.io\/type: connection-token\n {2}name: \S+\ntype: kubernetes\.io\/tls\n$/,
  );
  const answer = parse(text) as Secret;
  assert.equal(answer.metadata.name, joiner);
  assert.ok(isConnectionToken(answer));
  assert.deepEqual(answer.metadata.annotations, {
    'edge-host': '127.0.0.1',
    'edge-port': '45671',
    'inter-router-host': '127.0.0.1',
    'inter-router-port': '55671',
    'skupper.io/generated-by': metadata.uid,
    'skupper.io/site-version': '1.9.6',
  });
  const read = readConnectionToken(answer);
  assert.ok('value' in read);
  const [cert = '', key = '', ca = ''] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) =>
    secretText(answer, name),
  );
  assert.ok(keyMatchesCertificate(key, cert));
  assert.ok(verifyChain(cert, ca, Date.now()));
  const { commonName, serverAuth, serialNumber } = parseCertificate(cert);
  assert.deepEqual([commonName, serverAuth], [joiner, false]);
  // Counted, recorded and revocable like any other.
  const now = await world.read('claimed');
  assert.equal(now.status?.redemptions, 1);
  const record = await until(() => world.informers.of(issuedLink).list(west)[0], 'the record');
  assert.equal(record.spec?.serialNumber, serialNumber.toLowerCase());
  assert.equal(record.spec.siteId, joiner);
  // Who does not say who it is goes by the name of the grant.
  const unnamed = parse((await claim(world, grant, { headers: {} })).body.toString()) as Secret;
  assert.equal(unnamed.metadata.name, 'claimed');
  // Whoever sends a name speaks v2, whatever the query says.
  const named = await claim(world, grant, { headers: { name: 't', subject: joiner } });
  assert.match(named.body.toString(), /^---\n[\s\S]*kind: Link\n/);
  assert.equal((await world.read('claimed')).status?.redemptions, 3);
});

test('a site of v1 is refused in the words of v1', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('one');
  const { metadata } = grant;
  const unknown = { ...grant, metadata: { ...metadata, uid: 'unknown' } };
  assert.deepEqual(told(await claim(world, unknown)), [404, 'No such claim\n']);
  assert.deepEqual(told(await claim(world, grant, { body: 'wrong' })), [403, 'Claim refused\n']);
  const strange = await claim(world, grant, { headers: { 'skupper-site-name': '/../x' } });
  assert.equal(strange.status, 400);
  assert.equal((await claim(world, grant)).status, 200);
  assert.deepEqual(told(await claim(world, grant)), [404, 'No such claim\n']);
  const other = await world.grant('other');
  world.clock.offsetMs = 16 * 60_000;
  assert.deepEqual(told(await claim(world, other)), [404, 'No such claim\n']);
  assert.equal((await world.read('one')).status?.redemptions, 1);
});

test('sites of v1 and v2 that come at once share the uses of one grant', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('seven', { redemptionsAllowed: 7 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, index) =>
      index % 2 === 0
        ? await claim(world, grant, { headers: { 'skupper-site-name': `site-${index}` } })
        : await world.redeem(grant, { headers: { name: `t${index}`, subject: `s-${index}` } }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 7);
  assert.equal((await world.read('seven')).status?.redemptions, 7);
});

test('a claim is read back as it was written', () => {
  const facts = {
    url: 'https://[::1]:9090/3f0c',
    password: 'open sesame',
    ca: '-----BEGIN CERTIFICATE-----\n',
    generatedBy: 'west-id',
    expires: '2026-11-25T12:00:00Z',
  };
  const made = claimSecret('c', facts, { 'drawbridge.dev/site': 'west' });
  assert.deepEqual(readClaim(made), { value: { ...facts, cost: undefined } });
  assert.equal(made.metadata.annotations?.['drawbridge.dev/site'], 'west');
});
