import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AttachedConnector,
  type AttachedConnectorBinding,
  attachedConnector,
  attachedConnectorBinding,
  listener,
  site,
} from '#apis/index.ts';
import {
  type AttachedCheck,
  type AttachedSurroundings,
  checkAttached,
  checkBinding,
} from '#controllers/attached-connector/match.ts';
import {
  decideAttachedStatus,
  decideBindingStatus,
} from '#controllers/attached-connector/status.ts';
import type { Evaluation } from '#kube/index.ts';
import { testAuthority } from '../support/service-tls.ts';
import { newListener, newSite, tlsSecretOf } from './site-objects.ts';
import { siteWorld } from './site-world.ts';

const at: Evaluation = { nowMs: Date.UTC(2026, 0, 1), generation: 3 };
const apiVersion = 'skupper.io/v2alpha1';

const connectorIn = (
  namespace: string,
  spec: Partial<NonNullable<AttachedConnector['spec']>> = {},
): AttachedConnector => ({
  apiVersion,
  kind: 'AttachedConnector',
  metadata: { name: 'db', namespace },
  spec: { siteNamespace: 'site', port: 80, selector: 'app=x', ...spec },
});

const bindingIn = (
  namespace: string,
  spec: Partial<NonNullable<AttachedConnectorBinding['spec']>> = {},
): AttachedConnectorBinding => ({
  apiVersion,
  kind: 'AttachedConnectorBinding',
  metadata: { name: 'db', namespace },
  spec: { connectorNamespace: 'apps', routingKey: 'key', ...spec },
});

const noPods =
  'No matches for selector: there are no pods on this machine, use a Connector with spec.host';
const noBinding = 'No matching AttachedConnectorBinding in site namespace';
const noConnector = 'No matching AttachedConnector';
const notAllowed =
  'AttachedConnectorBinding site/db does not allow AttachedConnector in apps (only other)';

test('an AttachedConnector and its binding name each other, or say what is wrong', async () => {
  const secret = tlsSecretOf('s', { ca: (await testAuthority('ca')).ca });
  const judge = (
    connectors: readonly AttachedConnector[],
    bindings: readonly AttachedConnectorBinding[],
  ): readonly (string | undefined)[] => {
    const surroundings: AttachedSurroundings = {
      connectors,
      bindings,
      hasSite: (namespace) => namespace === 'site',
      pods: () => undefined,
      secret: (namespace, name) => (namespace === 'site' && name === 's' ? secret : undefined),
    };
    return [
      ...connectors.map((each) => checkAttached(each, surroundings)),
      ...bindings.map((each) => checkBinding(each, surroundings)),
    ].map((check) => (check.ok ? undefined : check.problem));
  };
  const [ours, binding] = [connectorIn('apps'), bindingIn('site')];
  const missing = 'TLS credentials secret "x" not found';
  assert.deepEqual(judge([ours], []), [noBinding]);
  assert.deepEqual(judge([], [binding]), [noConnector]);
  assert.deepEqual(judge([ours], [binding]), [noPods, noPods]);
  const narrow = bindingIn('site', { connectorNamespace: 'other' });
  assert.deepEqual(judge([ours], [narrow]), [notAllowed, noConnector]);
  const astray = connectorIn('apps', { siteNamespace: 'elsewhere' });
  assert.deepEqual(judge([astray], [binding]), [noBinding, noConnector]);
  assert.deepEqual(judge([astray], [binding, bindingIn('elsewhere')]), [
    'No active site in namespace',
    noConnector,
    'No active site in namespace',
  ]);
  const two = [ours, connectorIn('third')];
  assert.deepEqual(judge(two, [binding]), [
    noPods,
    'AttachedConnectorBinding site/db does not allow AttachedConnector in third (only apps)',
    noPods,
  ]);
  const specs: readonly [Partial<NonNullable<AttachedConnector['spec']>>, string | RegExp][] = [
    [{ tlsCredentials: 's' }, noPods],
    [{ tlsCredentials: 'x' }, missing],
    [{ tlsCredentials: 's', useClientCert: true }, /"s": tls\.crt is missing$/],
    [{ type: 'udp' }, 'Unsupported type: udp'],
    [{ port: 0 }, 'Invalid port: 0'],
    [{ selector: '' }, 'AttachedConnector must define a non-empty spec.selector'],
    [{ selector: 'a in (' }, /^Invalid selector: /],
  ];
  for (const [spec, expected] of specs) {
    for (const problem of judge([connectorIn('apps', spec)], [binding])) {
      if (expected instanceof RegExp) assert.match(problem ?? '', expected);
      else assert.equal(problem, expected);
    }
  }
});

test('their statuses follow problems and listeners', () => {
  const own = connectorIn('apps');
  const fault: AttachedCheck = { ok: false, problem: 'bad' };
  const bad = decideAttachedStatus(own, fault, at);
  assert.equal(`${bad.status} ${bad.message}`, 'Error bad');
  assert.equal(decideAttachedStatus({ ...own, status: bad }, fault, at), bad);
  const good = decideAttachedStatus(own, { ok: true, pods: [] }, at);
  assert.equal(`${good.status} ${good.message}`, 'Ready OK');

  const binding = bindingIn('site');
  const alone = decideBindingStatus(binding, { problem: undefined, matched: false }, at);
  assert.equal(`${alone.status} ${alone.message}`, 'Pending Pending');
  const met = decideBindingStatus(binding, { problem: undefined, matched: true }, at);
  assert.equal(`${met.status} ${met.hasMatchingListener}`, 'Ready true');
  const known = { ...binding, status: met };
  assert.equal(decideBindingStatus(known, { problem: undefined, matched: undefined }, at), met);
});

test('acceptance 77: the controller tells both sides as the other one comes, changes and goes', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  for (const namespace of ['apps', 'site']) await world.namespace(namespace);
  const connectorSays = (message: string) =>
    world.eventually(attachedConnector, 'apps', 'db', message, ({ status }) => {
      return status?.message === message;
    });
  const bindingSays = (message: string) =>
    world.eventually(attachedConnectorBinding, 'site', 'db', message, ({ status }) => {
      return status?.message === message;
    });
  const key = { namespace: 'site', name: 'db' };
  await client.create(attachedConnector, connectorIn('apps'));
  await connectorSays(noBinding);
  await client.create(attachedConnectorBinding, bindingIn('site', { connectorNamespace: 'other' }));
  await connectorSays(notAllowed);
  await bindingSays('No active site in namespace');
  await client.create(site, newSite('site', 'site'));
  await bindingSays(noConnector);
  await client.patch(attachedConnectorBinding, key, { spec: { connectorNamespace: 'apps' } });
  await connectorSays(noPods);
  await bindingSays(noPods);
  await client.create(
    listener,
    newListener('site', 'db', { routingKey: 'key', host: 'db', port: 80 }),
  );
  await world.eventually(attachedConnectorBinding, 'site', 'db', 'a listener', ({ status }) => {
    return status?.hasMatchingListener;
  });
  await client.delete(attachedConnectorBinding, key);
  await connectorSays(noBinding);
});
