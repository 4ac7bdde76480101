import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Listener, MultiKeyListener } from '#apis/index.ts';
import { frontOfListener, frontOfMultiKeyListener } from '#controllers/listener/front.ts';
import { decideMultiKeyStatus } from '#controllers/listener/multi-key-status.ts';
import { planListeners } from '#controllers/listener/plan.ts';
import type { Evaluation, Secret } from '#kube/index.ts';
import { testAuthority } from '../support/service-tls.ts';
import { newListener, newMultiKeyListener, tlsSecretOf } from './site-objects.ts';

const at: Evaluation = { nowMs: Date.UTC(2026, 0, 1), generation: 3 };
const priority = (...routingKeys: string[]) => ({ priority: { routingKeys } });
const weighted = (routingKeys: Record<string, number>) => ({ weighted: { routingKeys } });

const multi = (name: string, spec: Partial<MultiKeyListener['spec']>): MultiKeyListener => {
  const whole = { host: 'h', port: 80, strategy: priority('a'), ...spec };
  const made = newMultiKeyListener('ns', name, whole);
  return { ...made, metadata: { ...made.metadata, creationTimestamp: '2' } };
};

const single = (name: string, host: string, port: number, created: string): Listener => {
  const made = newListener('ns', name, { routingKey: 'k', host, port });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: created } };
};

test('listeners of both kinds share hosts and compete for ports', () => {
  const plan = planListeners(
    [
      frontOfListener(single('old', 'h', 80, '1')),
      frontOfListener(single('multiaddress-m', 'n', 81, '1')),
      frontOfListener(single('late', 'h', 82, '3')),
      frontOfMultiKeyListener(multi('taken', { port: 80 })),
      frontOfMultiKeyListener(multi('first', { port: 82 })),
      frontOfMultiKeyListener(multi('m', { host: 'n', port: 82 })),
      frontOfMultiKeyListener(multi('own', { host: 'foreign' })),
    ],
    {
      bindsAddresses: true,
      secret: () => undefined,
      service: (name) =>
        name === 'foreign'
          ? { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'ns' } }
          : undefined,
    },
  );
  assert.deepEqual(Object.fromEntries(plan.problems), {
    'multiAddress/taken': 'Listener old with host h and port 80 already exists in namespace',
    'listener/late': 'MultiKeyListener first with host h and port 82 already exists in namespace',
    'multiAddress/m': 'Listener multiaddress-m with host n and port 81 already exists in namespace',
    'multiAddress/own': 'Service foreign already exists in namespace',
  });
  assert.deepEqual(plan.services.find(({ host }) => host === 'h')?.ports, [
    { listener: 'listener/old', name: 'old', port: 80 },
    { listener: 'multiAddress/first', name: 'multiaddress-first', port: 82 },
  ]);
});

test('TLS of listeners needs a Secret that fits, and a CA only to know clients by', async () => {
  const authority = await testAuthority('ca');
  const [own, other] = [await authority.server('h', ['h']), await authority.server('o', ['o'])];
  const { ca, cert, key } = own;
  const plain: Secret = { ...tlsSecretOf('s', { ca }), type: 'Opaque' };
  const text = (file: string) => `TLS credentials secret "s": ${file}`;
  const cases: readonly [Secret | undefined, boolean, RegExp | string | undefined][] = [
    [undefined, false, 'TLS credentials secret "s" not found'],
    [{ ...tlsSecretOf('s', own), type: 'kubernetes.io/basic-auth' }, false, /not found$/],
    [tlsSecretOf('s', own), true, undefined],
    [tlsSecretOf('s', { cert, key }), false, undefined],
    [tlsSecretOf('s', { cert, key }), true, text('ca.crt is missing')],
    [tlsSecretOf('s', { cert, key, ca: 'x' }), true, /ca\.crt: ./],
    [plain, false, text('tls.crt is missing')],
    [tlsSecretOf('s', { cert }), false, text('tls.key is missing')],
    [tlsSecretOf('s', { cert: 'x', key }), false, /tls\.crt: ./],
    [tlsSecretOf('s', { cert, key: 'x' }), false, /tls\.key: ./],
    [tlsSecretOf('s', { cert, key: other.key }), false, text('tls.key does not belong to tls.crt')],
  ];
  for (const [secret, requireClientCert, expected] of cases) {
    const front = frontOfMultiKeyListener(multi('m', { tlsCredentials: 's', requireClientCert }));
    const plan = planListeners([front], {
      bindsAddresses: true,
      secret: () => secret,
      service: () => undefined,
    });
    const problem = plan.problems.get('multiAddress/m');
    if (expected instanceof RegExp) assert.match(problem ?? '', expected);
    else assert.equal(problem, expected);
    assert.equal(plan.services.length, 1, 'the Service is there meanwhile');
  }
});

test('what contradicts itself is refused', () => {
  const problem = (spec: Partial<MultiKeyListener['spec']>): string | undefined =>
    planListeners([frontOfMultiKeyListener(multi('m', spec))], {
      bindsAddresses: true,
      secret: () => undefined,
      service: () => undefined,
    }).problems.get('multiAddress/m');
  assert.equal(problem({}), undefined);
  assert.equal(
    problem({ requireClientCert: true }),
    'spec.requireClientCert needs spec.tlsCredentials',
  );
  assert.equal(
    problem({ strategy: weighted({ a: 1, b: -2 }) }),
    'Invalid weight of routing key b: -2',
  );
  assert.equal(problem({ port: 0 }), 'Invalid port: 0');
  assert.equal(problem({ host: 'No_Name' }), 'Invalid host: No_Name');
});

test('its status tells which keys can be reached', () => {
  const own = multi('m', { strategy: priority('a', 'b', 'c') });
  const decide = (keys: readonly string[] | undefined, before = own, problem?: string) =>
    decideMultiKeyStatus(before, { problem, reachable: keys && ((key) => keys.includes(key)) }, at);
  const none = decide([]);
  assert.equal(`${none.status} ${none.message}`, 'Pending No matching connectors');
  assert.equal(none.hasDestination, false);
  assert.deepEqual(none.strategy, { priority: { routingKeysReachable: [] } });
  assert.deepEqual(
    none.conditions?.map(({ type, status }) => `${type} ${status}`),
    ['Configured True', 'Operational False', 'Ready False'],
  );
  const some = decide(['c', 'a']);
  assert.equal(`${some.status} ${some.hasDestination}`, 'Ready true');
  assert.deepEqual(some.strategy, { priority: { routingKeysReachable: ['a', 'c'] } });
  const known = { ...own, status: some };
  assert.equal(decide(undefined, known), some, 'unknown: as it was');
  assert.equal(decide(['a', 'c'], known), some);
  assert.deepEqual(decide(['b'], known).strategy, { priority: { routingKeysReachable: ['b'] } });
  const faulty = decide(['a'], own, 'bad');
  assert.equal(`${faulty.status} ${faulty.message}`, 'Error bad');

  const heavy = multi('w', { strategy: weighted({ a: 3, b: 1 }) });
  assert.deepEqual(decide(['b'], heavy).strategy, { weighted: { routingKeysReachable: { b: 1 } } });
  assert.deepEqual(decide(undefined, heavy).strategy, { weighted: { routingKeysReachable: {} } });
});
