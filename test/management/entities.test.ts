import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attributes,
  checkChanges,
  completeAttributes,
  type EntitySpec,
  entityTypes,
  findEntityType,
  ManagementError,
  type ManagementErrorCode,
  parseRouterConfig,
} from '#management/index.ts';

function specOf(name: string): EntitySpec {
  const spec = findEntityType(name);
  assert.ok(spec !== undefined, name);
  return spec;
}
const fault =
  (code: ManagementErrorCode, words: RegExp) =>
  (error: unknown): boolean =>
    error instanceof ManagementError && error.code === code && words.test(error.message);

test('types are found by full and short name, and by the names of configuration files', () => {
  assert.equal(findEntityType('tcpListener'), specOf('io.skupper.router.tcpListener'));
  assert.equal(findEntityType('io.skupper.router.router.node')?.short, 'router.node');
  assert.equal(findEntityType('address')?.short, 'router.config.address');
  assert.equal(findEntityType('nothing'), undefined);
  assert.equal(findEntityType('io.skupper.router.'), undefined);
});

test('every type has name, identity and type last and no attribute twice', () => {
  for (const { short, attributes } of entityTypes) {
    const names = attributes.map(({ name }) => name);
    assert.deepEqual(names.slice(-3), ['name', 'identity', 'type'], short);
    assert.equal(new Set(names).size, names.length, short);
  }
});

test('the defaults of a tcpListener are those that a real router answers', () => {
  const given = { name: 'x1', address: 'xa', host: '127.0.0.1', port: '30047' };
  assert.deepEqual(completeAttributes(specOf('tcpListener'), given), {
    ...given,
    backlog: 0,
    multiAddressStrategy: 'none',
    authenticatePeer: false,
    observer: 'auto',
    bytesIn: 0,
    bytesOut: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    operStatus: 'down',
    connectionMsg: '',
  });
});

test('numbers and truth values may come as text, and ports as numbers', () => {
  const completed = completeAttributes(specOf('connector'), {
    host: 'h',
    port: 5671,
    cost: '4',
    verifyHostname: 'no',
    maxFrameSize: ' 4096 ',
  });
  assert.equal(completed['port'], '5671');
  assert.equal(completed['cost'], 4);
  assert.equal(completed['verifyHostname'], false);
  assert.equal(completed['maxFrameSize'], 4096);
});

const refused: readonly (readonly [string, string, Attributes, RegExp])[] = [
  ['an unknown attribute', 'tcpListener', { port: '1', bogus: 'x' }, /Unknown attribute 'bogus'/u],
  ['a missing one', 'tcpConnector', { host: 'h', port: '1' }, /Missing required attribute 'addr/u],
  ['one that the router sets', 'connector', { connectionStatus: 'x' }, /Cannot set attribute/u],
  ['a word for a number', 'connector', { cost: 'high' }, /'cost' is not of type integer/u],
  ['a fraction', 'connector', { cost: 1.5 }, /'cost' is not of type integer/u],
  ['a map for a text', 'connector', { host: { a: 1 } }, /'host' is not of type string/u],
  ['a word that is no choice', 'listener', { role: 'boss' }, /'role' must be one of/u],
  ['a text beyond the limit', 'connector', { host: 'x'.repeat(65_537) }, /'host' is too long/u],
  ['the name of a prototype', 'connector', JSON.parse('{"__proto__": "x"}'), /Unknown attribute/u],
];
for (const [what, type, attributes, words] of refused) {
  test(`${what} is refused in CREATE`, () => {
    assert.throws(
      () => completeAttributes(specOf(type), attributes),
      fault('MANAGEMENT_BAD_REQUEST', words),
    );
  });
}

test('an UPDATE takes what may change, lets the same value through and refuses the rest', () => {
  const spec = specOf('sslProfile');
  const current = { name: 'p', ordinal: 1, uidFormat: 'n' };
  const given = { name: 'p', ordinal: '2', uidFormat: 'n' };
  assert.deepEqual(checkChanges(spec, given, current), { ordinal: 2 });
  assert.throws(
    () => checkChanges(spec, { uidFormat: 'x' }, current),
    fault('MANAGEMENT_BAD_REQUEST', /Cannot update attribute 'uidFormat' in UPDATE/u),
  );
});

const config = (...entities: readonly unknown[]): string => JSON.stringify(entities);

test('a configuration as Skupper writes it is read, variables filled in', () => {
  const entities = parseRouterConfig(
    config(
      ['router', { id: 'west-${HOSTNAME}', mode: 'interior', helloMaxAgeSeconds: '3' }],
      ['sslProfile', { name: 'p', caCertFile: '/c/ca.crt', ordinal: 0, oldestValidOrdinal: 0 }],
      ['listener', { host: 'localhost', port: 5672, role: 'normal' }],
      ['listener', { port: 9090, role: 'normal', http: true, httpRootDir: 'disabled' }],
      ['address', { prefix: 'mc', distribution: 'multicast' }],
      ['site', { name: 'west', platform: 'kubernetes' }],
      ['log', { module: 'ROUTER_CORE', enable: 'error+' }],
    ),
    { HOSTNAME: 'pod-1' },
  );
  assert.deepEqual(
    entities.map(({ spec, name }) => [spec.short, name]),
    [
      ['router', undefined],
      ['sslProfile', 'p'],
      ['listener', undefined],
      ['listener', undefined],
      ['router.config.address', undefined],
      ['site', 'west'],
      ['log', undefined],
    ],
  );
  assert.equal(entities[0]?.attributes['id'], 'west-pod-1');
  assert.equal(entities[0]?.attributes['helloMaxAgeSeconds'], 3);
});

const broken: readonly (readonly [string, string, RegExp])[] = [
  ['text that is no JSON', '[', /is no JSON/u],
  ['a map', '{}', /is no list/u],
  ['an entity without attributes', config(['listener']), /entity 1 is no pair/u],
  ['an unknown type', config(['listner', {}]), /unknown type "listner"/u],
  ['a type that is only shown', config(['connection', {}]), /unknown type "connection"/u],
  ['an unknown attribute', config(['router', {}], ['site', { x: 1 }]), /entity 2 \(site\): Unk/u],
];
for (const [what, text, words] of broken) {
  test(`${what} is refused as a configuration`, () => {
    assert.throws(() => parseRouterConfig(text, {}), fault('MANAGEMENT_CONFIG_INVALID', words));
  });
}
