import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressTarget, parseAddress, routerAddress } from '#routing/index.ts';

const local = (name: string): AddressTarget => ({ kind: 'local', name });
const mobile = (name: string): AddressTarget => ({ kind: 'mobile', key: `M${name}` });
const nowhere: AddressTarget = { kind: 'nowhere' };

const cases: readonly (readonly [string, AddressTarget])[] = [
  ['_local/qdhello', local('qdhello')],
  ['amqp:/_local/qdhello', local('qdhello')],
  ['amqp:/_topo/0/all/qdrouter', { kind: 'everyRouter', name: 'qdrouter' }],
  ['_topo/0/all/qdrouter.ma', { kind: 'everyRouter', name: 'qdrouter.ma' }],
  ['amqp:/_topo/0/me/$management', local('$management')],
  ['_topo/0/other/temp.x', { kind: 'router', router: 'other', name: 'temp.x' }],
  ['amqp://host:5672/_topo/0/other/a/b', { kind: 'router', router: 'other', name: 'a/b' }],
  ['_edge/e1/temp.x', { kind: 'edge', edge: 'e1', key: 'He1', name: 'temp.x' }],
  ['_xtopo/net/0/other/x', { kind: 'router', router: 'other', name: 'x' }],
  ['_xedge/net/e1/x', { kind: 'edge', edge: 'e1', key: 'He1', name: 'x' }],
  ['backend', mobile('backend')],
  ['/backend', mobile('backend')],
  ['mc/sfe.all', mobile('mc/sfe.all')],
  ['amqps://host/mc/sfe.all', mobile('mc/sfe.all')],
  ['_topo/7/other/x', nowhere],
  ['_topo/0/other', nowhere],
  ['_topo/0//x', nowhere],
  ['_edge/e1/', nowhere],
  ['_local/', nowhere],
  ['', nowhere],
  ['amqp://host', nowhere],
];

for (const [address, target] of cases) {
  test(`${JSON.stringify(address)} is ${JSON.stringify(target)}`, () => {
    assert.deepEqual(parseAddress(address, 'me'), target);
  });
}

test('the address of a name inside a router leads there from elsewhere', () => {
  const address = routerAddress('r1', '$management');
  assert.deepEqual(parseAddress(address, 'r1'), local('$management'));
  assert.deepEqual(parseAddress(address, 'r2'), {
    kind: 'router',
    router: 'r1',
    name: '$management',
  });
});
