/** Secrets labelled as connection tokens become Links. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Link, link, site } from '#apis/index.ts';
import { decideTokenLink } from '#controllers/connection-token/decide.ts';
import { type Secret, secret } from '#kube/index.ts';
import { createOpenSite, newLink, newSite, shareCredentials } from './site-objects.ts';
import { siteWorld } from './site-world.ts';
import { until } from '../support/until.ts';

const annotations = {
  'inter-router-host': 'west.example',
  'inter-router-port': '55671',
  'skupper.io/generated-by': 'west-id',
};

function token(extra: Record<string, string> = {}, more: Partial<Secret> = {}): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'link1',
      namespace: 'east',
      uid: 'secret-uid',
      labels: { 'skupper.io/type': 'connection-token' },
      annotations: { ...annotations, ...extra },
    },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==' },
    ...more,
  };
}

const interRouter = {
  name: 'inter-router',
  host: 'west.example',
  port: '55671',
  group: 'skupper-router',
};

function ownLink(spec: NonNullable<Link['spec']>): Link {
  const made = newLink('east', 'link1', spec);
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Secret', name: 'link1', uid: 'secret-uid' }];
  return { ...made, metadata: { ...made.metadata, uid: 'link-uid', ownerReferences } };
}

const wanted = { endpoints: [interRouter], tlsCredentials: 'link1' };

test('a token becomes a Link that it owns, with every endpoint and the cost it names', () => {
  const extra = { 'edge-host': 'edge.example', 'edge-port': '45671', 'skupper.io/cost': '7' };
  const decision = decideTokenLink(token(extra), 'east-id', []);
  assert.ok(decision.kind === 'write');
  assert.deepEqual(decision.link.spec, {
    endpoints: [
      interRouter,
      { name: 'edge', host: 'edge.example', port: '45671', group: 'skupper-router' },
    ],
    tlsCredentials: 'link1',
    cost: 7,
  });
  assert.deepEqual(decision.link.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Secret', name: 'link1', uid: 'secret-uid', controller: true },
  ]);
});

test('a Link that is as it should be is left alone, also with a cost set by hand', () => {
  for (const spec of [wanted, { ...wanted, cost: 9 }]) {
    assert.equal(decideTokenLink(token(), 'east-id', [ownLink(spec)]).kind, 'nothing');
  }
  const moved = ownLink({ ...wanted, endpoints: [{ ...interRouter, host: 'old' }], cost: 9 });
  const decision = decideTokenLink(token(), 'east-id', [moved]);
  assert.ok(decision.kind === 'write');
  assert.deepEqual(decision.link.spec, { ...wanted, cost: 9 });
});

test('what a claim was exchanged for has its Link beside those to further routers', () => {
  const further = newLink('east', 'link1-2', wanted);
  const exchanged = token({ 'internal.drawbridge.dev/access-token': 'token-uid' });
  assert.equal(decideTokenLink(exchanged, 'east-id', [further]).kind, 'write');
  assert.equal(decideTokenLink(token(), 'east-id', [further]).kind, 'nothing');
  const users = newLink('east', 'other', wanted);
  assert.equal(decideTokenLink(exchanged, 'east-id', [users]).kind, 'nothing');
});

test('a Secret that a Link of the user already uses is only credentials', () => {
  const users = newLink('east', 'other', wanted);
  assert.equal(decideTokenLink(token(), 'east-id', [users]).kind, 'nothing');
});

test('a Secret that has lost its label takes its Link along, and nobody else does', () => {
  const plain = token();
  delete plain.metadata.labels;
  assert.deepEqual(decideTokenLink(plain, 'east-id', [ownLink(wanted)]), {
    kind: 'remove',
    uid: 'link-uid',
  });
  assert.equal(
    decideTokenLink(plain, 'east-id', [newLink('east', 'link1', wanted)]).kind,
    'nothing',
  );
});

test('what cannot be linked with is refused in one sentence', () => {
  const refused: readonly (readonly [Secret, string | undefined, readonly Link[], string])[] = [
    [
      token({}, { data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } }),
      'east-id',
      [],
      'Expected ca.crt field in secret data',
    ],
    [token({ 'inter-router-host': '' }), 'east-id', [], 'Expected inter-router-host annotation'],
    [
      token({ 'inter-router-port': '0' }),
      'east-id',
      [],
      'Expected a port number in annotation inter-router-port',
    ],
    [
      token({ 'edge-host': 'h', 'edge-port': '70000' }),
      'east-id',
      [],
      'Expected a port number in annotation edge-port',
    ],
    [token(), 'west-id', [], "Can't create connection to self with token"],
    [
      token(),
      'east-id',
      [newLink('east', 'link1', { endpoints: [interRouter] })],
      'Link "link1" exists and does not use this Secret',
    ],
  ];
  for (const [given, siteId, links, problem] of refused) {
    const decision = decideTokenLink(given, siteId, links);
    assert.equal(decision.kind === 'refuse' && decision.problem, problem);
  }
  const own = decideTokenLink(token(), 'west-id', [ownLink(wanted)]);
  assert.equal(own.kind === 'refuse' && own.removeUid, 'link-uid');
});

test('an applied token links two sites, and deleting the Secret unlinks them', async (t) => {
  const world = await siteWorld(t);
  await world.namespace('east');
  const [west] = await Promise.all([
    createOpenSite(world, 'west'),
    world.client.create(site, newSite('east', 'east')),
  ]);
  await shareCredentials(world, 'west', 'east', 'link1');
  const [endpoint] = (west.status?.endpoints ?? []).filter(({ name }) => name === 'inter-router');
  const key = { namespace: 'east', name: 'link1' };
  await world.client.patch(secret, key, {
    metadata: {
      labels: { 'skupper.io/type': 'connection-token' },
      annotations: {
        'inter-router-host': endpoint?.host,
        'inter-router-port': endpoint?.port,
        'skupper.io/generated-by': west.metadata.uid,
      },
    },
  });
  const made = await world.eventually(
    link,
    'east',
    'link1',
    'a Ready Link',
    ({ status }) => status?.status === 'Ready' && status.remoteSiteName === 'west',
  );
  assert.equal(made.status?.remoteSiteId, west.metadata.uid);
  await world.client.remove(secret, key);
  await until(
    async () => (await world.client.find(link, key)) === undefined,
    'the Link to go with its Secret',
    10_000,
  );
});
