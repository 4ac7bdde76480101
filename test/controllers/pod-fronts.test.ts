import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podFrontsOf } from '#controllers/listener/front.ts';
import type { NetworkSite } from '#controllers/network.ts';
import { newListener } from './site-objects.ts';

const spec = { routingKey: 'db', host: 'db', port: 5432 };
const exposing = newListener('west', 'db', { ...spec, exposePodsByName: true });
const network: readonly NetworkSite[] = [
  {
    id: '1',
    name: 'east',
    services: [
      { routingKey: 'db', connectors: ['10.0.0.1'] },
      { routingKey: 'db.pod-1', connectors: ['10.0.0.1'] },
      { routingKey: 'db.pod-0', connectors: ['10.0.0.0'] },
      { routingKey: 'db.gone', connectors: [] },
      { routingKey: 'dbase.pod-9', connectors: ['10.0.0.9'] },
      { routingKey: 'db.', connectors: ['10.0.0.9'] },
    ],
  },
  { id: '2', name: 'north', services: [{ routingKey: 'db.pod-1', connectors: ['10.9.0.1'] }] },
];

test('acceptance 74: a Listener that exposes pods by name has a front for each', () => {
  assert.deepEqual(
    podFrontsOf(exposing, network, []).map(({ front, address }) => [front.id, front.host, address]),
    [
      ['listener/db@pod-0', 'pod-0', 'db.pod-0'],
      ['listener/db@pod-1', 'pod-1', 'db.pod-1'],
    ],
  );
  assert.deepEqual(podFrontsOf(newListener('west', 'db', spec), network, []), []);
  assert.deepEqual(podFrontsOf(exposing, [], []), [], 'they go with the pods');
});

test('while the network is not known, Services of pods stay', () => {
  const front = (name: string, port: string, marked = true) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'west',
      ...(marked ? { labels: { 'internal.skupper.io/listener': port } } : {}),
    },
    spec: { ports: [{ name: port, port: 5432 }] },
  });
  const services = [
    front('db', 'db'),
    front('pod-0', 'db'),
    front('other', 'o'),
    front('user', 'db', false),
  ];
  assert.deepEqual(
    podFrontsOf(exposing, undefined, services).map(({ front: { host } }) => host),
    ['pod-0'],
  );
});
