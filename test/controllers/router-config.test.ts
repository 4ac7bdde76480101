import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatConfig, parseConfig } from '#controllers/router-config/config-file.ts';
import {
  difference,
  type EntityRow,
  managedTypes,
  type ManagedType,
  type RouterOperation,
} from '#controllers/router-config/difference.ts';
import {
  desiredEntities,
  type RouterEntity,
  type RouterInputs,
} from '#controllers/router-config/entities.ts';
import { addressesOf } from '#controllers/router-config/multi-listener.ts';
import {
  type Credentials,
  profileContext,
  resolveProfiles,
} from '#controllers/router-config/tls-profiles.ts';

const inputs: RouterInputs = {
  site: { name: 'west', uid: '0123456789abcdef' },
  mode: 'interior',
  version: '1.2.3',
  platform: 'linux',
  dataConnectionCount: undefined,
  logging: undefined,
  management: { host: '127.0.0.1', port: 5671 },
  profiles: [],
  ownEntities: [],
  access: [],
  links: [],
  proxies: [],
  listeners: [],
  multiListeners: [],
  connectors: [],
  credentialPath: (profile, file) => `/certs/${profile}/${file}`,
};

const find = (entities: readonly RouterEntity[], type: string, name: string) =>
  entities.find((entity) => entity.type === type && entity.name === name)?.attributes;

test('a bare site has a router, multicast addresses and a management listener', () => {
  const entities = desiredEntities(inputs);
  assert.deepEqual(
    entities.map(({ type, name }) => `${type} ${name}`),
    ['router ', 'address mc', 'listener amqps'],
  );
  assert.deepEqual(find(entities, 'router', ''), {
    id: 'west-01234567',
    mode: 'interior',
    helloMaxAgeSeconds: '3',
    metadata: '{"id":"0123456789abcdef","version":"1.2.3","platform":"linux"}',
  });
  assert.deepEqual(find(entities, 'listener', 'amqps'), {
    host: '127.0.0.1',
    port: '5671',
    role: 'normal',
    sslProfile: 'skupper-local-server',
    saslMechanisms: 'EXTERNAL',
    authenticatePeer: true,
  });
});

test('every kind of entity has the attributes its peer expects', () => {
  const entities = desiredEntities({
    ...inputs,
    logging: 'debug, router:info+, nonsense',
    profiles: [
      { name: 's-profile', files: ['ca.crt'], ordinal: 3, oldestValidOrdinal: 1 },
      { name: 's', files: ['ca.crt', 'tls.crt', 'tls.key'], ordinal: 1, oldestValidOrdinal: 0 },
    ],
    access: [
      { name: 'ra', role: 'inter-router', bind: { host: '', port: 55_671 }, secret: 'srv' },
      { name: 'ra', role: 'odd', bind: { host: '1.2.3.4', port: 1 }, secret: 'srv' },
    ],
    links: [
      {
        name: 'l',
        role: 'inter-router',
        host: 'h',
        port: '55671',
        cost: 0,
        secret: 's',
        proxy: 'p',
      },
    ],
    proxies: [
      { name: 'p', host: 'ph', port: '3128', username: 'u', passwordFile: '/p/password.txt' },
    ],
    listeners: [
      {
        name: 'web',
        bind: { host: '127.1.2.3', port: 80 },
        address: 'key',
        secret: undefined,
        observer: 'http1',
      },
    ],
    connectors: [
      {
        name: 'db',
        host: 'db.local',
        port: 5432,
        address: 'key',
        secret: 's',
        useClientCert: false,
        verifyHostname: true,
      },
    ],
  });
  assert.deepEqual(find(entities, 'log', 'DEFAULT'), { module: 'DEFAULT', enable: 'debug+' });
  assert.deepEqual(find(entities, 'log', 'ROUTER'), { module: 'ROUTER', enable: 'info+' });
  assert.equal(entities.filter(({ type }) => type === 'log').length, 2);
  assert.deepEqual(find(entities, 'sslProfile', 's-profile'), {
    caCertFile: '/certs/s-profile/ca.crt',
    ordinal: 3,
    oldestValidOrdinal: 1,
  });
  assert.equal(find(entities, 'sslProfile', 's')?.['privateKeyFile'], '/certs/s/tls.key');
  assert.deepEqual(find(entities, 'listener', 'ra-inter-router'), {
    port: '55671',
    role: 'inter-router',
    sslProfile: 'srv',
    saslMechanisms: 'EXTERNAL',
    authenticatePeer: true,
  });
  assert.equal(find(entities, 'listener', 'ra-odd')?.['role'], 'inter-router');
  assert.deepEqual(find(entities, 'connector', 'l'), {
    role: 'inter-router',
    host: 'h',
    port: '55671',
    cost: 1,
    sslProfile: 's-profile',
    proxyProfile: 'p',
  });
  assert.equal(find(entities, 'proxyProfile', 'p')?.['password'], 'file:/p/password.txt');
  assert.deepEqual(find(entities, 'tcpListener', 'listener/web'), {
    host: '127.1.2.3',
    port: '80',
    address: 'key',
    siteId: '0123456789abcdef',
    observer: 'http1',
  });
  assert.deepEqual(find(entities, 'tcpConnector', 'connector/db@db.local'), {
    host: 'db.local',
    port: '5432',
    address: 'key',
    siteId: '0123456789abcdef',
    sslProfile: 's-profile',
    verifyHostname: true,
  });
});

test('a listener of several addresses is a tcpListener with listenerAddresses', () => {
  const multi = {
    name: 'any',
    bind: { host: '127.1.2.3', port: 80 },
    secret: undefined,
    clientCert: false,
    observer: undefined,
  };
  const priority = { priority: { routingKeys: ['a', 'b', 'c'] } };
  const weighted = { weighted: { routingKeys: { a: 3, b: 1 } } };
  const entities = desiredEntities({
    ...inputs,
    multiListeners: [
      { ...multi, ...addressesOf(priority) },
      { ...multi, ...addressesOf(weighted), name: 'safe', secret: 's', clientCert: true },
      { ...multi, ...addressesOf(weighted), name: 'tls', secret: 's', observer: 'none' },
    ],
  });
  assert.deepEqual(find(entities, 'tcpListener', 'multiAddress/any'), {
    host: '127.1.2.3',
    port: '80',
    multiAddressStrategy: 'priority',
    siteId: '0123456789abcdef',
  });
  const values = (name: string) =>
    entities
      .filter(({ attributes }) => attributes['listener'] === `multiAddress/${name}`)
      .map(({ name: own, attributes }) => [own, attributes['address'], attributes['value']]);
  assert.deepEqual(values('any'), [
    ['any/a', 'a', 2],
    ['any/b', 'b', 1],
    ['any/c', 'c', 0],
  ]);
  assert.deepEqual(values('safe'), [
    ['safe/a', 'a', 3],
    ['safe/b', 'b', 1],
  ]);
  const safe = find(entities, 'tcpListener', 'multiAddress/safe');
  assert.deepEqual([safe?.['sslProfile'], safe?.['authenticatePeer']], ['s', true]);
  const tls = find(entities, 'tcpListener', 'multiAddress/tls');
  assert.deepEqual([tls?.['authenticatePeer'], tls?.['observer']], [false, 'none']);
  const types = entities.map(({ type }) => type);
  assert.ok(types.lastIndexOf('tcpListener') < types.indexOf('listenerAddress'));
  const isOurs = ({ type }: RouterEntity): boolean =>
    type.startsWith('tcp') || type === 'listenerAddress';
  assert.deepEqual(parseConfig(formatConfig(entities)).filter(isOurs), entities.filter(isOurs));
});

test('addresses go before their tcpListener and come back after it', () => {
  const multi = {
    name: 'm',
    secret: undefined,
    clientCert: false,
    observer: undefined,
    ...addressesOf({ priority: { routingKeys: ['a', 'b'] } }),
  };
  const at = (port: number) =>
    desiredEntities({ ...inputs, multiListeners: [{ ...multi, bind: { host: 'h', port } }] });
  const rowsOf = (type: string): EntityRow[] =>
    at(1)
      .filter((entity) => entity.type === type)
      .map(({ name, attributes }) => ({ name, ...attributes }));
  const present = rows({
    tcpListener: rowsOf('tcpListener'),
    listenerAddress: rowsOf('listenerAddress'),
  });
  assert.deepEqual(difference(at(1), present), []);
  const gone = ['listenerAddress m/a', 'listenerAddress m/b', 'tcpListener multiAddress/m'];
  const deletions = gone.map((what) => `delete ${what}`);
  assert.deepEqual(told(difference(at(2), present)), [
    ...deletions,
    'create tcpListener multiAddress/m',
    'create listenerAddress m/a',
    'create listenerAddress m/b',
  ]);
  assert.deepEqual(told(difference(desiredEntities(inputs), present)), deletions);
  const keys = (...routingKeys: string[]) => {
    const bind = { host: 'h', port: 1 };
    const changed = { ...multi, bind, ...addressesOf({ priority: { routingKeys } }) };
    return told(difference(desiredEntities({ ...inputs, multiListeners: [changed] }), present));
  };
  assert.deepEqual(keys('b'), ['delete listenerAddress m/a']);
  assert.deepEqual(keys('b', 'a'), [
    'delete listenerAddress m/a',
    'create listenerAddress m/a',
    'delete listenerAddress m/b',
    'create listenerAddress m/b',
  ]);
  assert.deepEqual(keys('c'), [
    'create listenerAddress m/c',
    'delete listenerAddress m/a',
    'delete listenerAddress m/b',
  ]);
});

test('a tcpListener begins and ends to share its port without being made anew', () => {
  const listener = { name: 'l', bind: { host: 'h', port: 1 }, address: 'k', observer: undefined };
  const wanted = (sharePort: boolean, port = 1) =>
    desiredEntities({
      ...inputs,
      listeners: [{ ...listener, bind: { host: 'h', port }, secret: undefined, sharePort }],
    });
  const row = { name: 'listener/l', host: 'h', port: '1', address: 'k', siteId: inputs.site.uid };
  const present = (sharePort?: boolean) =>
    rows({ tcpListener: [sharePort === undefined ? row : { ...row, sharePort }] });
  assert.deepEqual(difference(wanted(false), present()), [], 'a router without the attribute');
  assert.deepEqual(difference(wanted(false), present(false)), []);
  assert.deepEqual(difference(wanted(true), present(true)), []);
  const change = { operation: 'update', type: 'tcpListener', name: 'listener/l' };
  assert.deepEqual(difference(wanted(true), present(false)), [
    { ...change, attributes: { sharePort: true } },
  ]);
  assert.deepEqual(difference(wanted(false), present(true)), [
    { ...change, attributes: { sharePort: false } },
  ]);
  assert.deepEqual(told(difference(wanted(true, 2), present(false))), [
    'delete tcpListener listener/l',
    'create tcpListener listener/l',
  ]);
});

test('TLS that is not wanted any more is taken away', () => {
  const listener = { name: 'l', bind: { host: 'h', port: 1 }, address: 'k', observer: undefined };
  const plain = desiredEntities({ ...inputs, listeners: [{ ...listener, secret: undefined }] });
  const row = { name: 'listener/l', host: 'h', port: '1', address: 'k', siteId: inputs.site.uid };
  const secured = rows({ tcpListener: [{ ...row, sslProfile: 's', observer: 'auto' }] });
  assert.deepEqual(told(difference(plain, secured)), [
    'delete tcpListener listener/l',
    'create tcpListener listener/l',
  ]);
  const same = rows({ tcpListener: [{ ...row, sslProfile: null, observer: 'auto' }] });
  assert.deepEqual(difference(plain, same), []);
});

test('a configuration written to text reads back the same', () => {
  const entities = desiredEntities({ ...inputs, logging: 'info' });
  const read = parseConfig(formatConfig(entities));
  assert.deepEqual(
    read.map(({ type, attributes }) => ({ type, attributes })),
    entities.map(({ type, attributes }) => ({ type, attributes })),
  );
});

test('a broken configuration text is as if it were empty', () => {
  for (const text of ['', '{', '{}', '[1]', '[["x"]]', '[["listener", null]]', '[["other", {}]]']) {
    assert.deepEqual(parseConfig(text), []);
  }
  fc.assert(fc.property(fc.json(), (text) => Array.isArray(parseConfig(text))));
});

const material = (text: string, prior?: number): Credentials => ({
  files: new Map([
    ['ca.crt', Buffer.from(`ca ${text}`)],
    ['tls.crt', Buffer.from(`crt ${text}`)],
    ['tls.key', Buffer.from(`key ${text}`)],
  ]),
  priorValidRevisions: prior,
  isKeptByUs: false,
});

test('an ordinal rises exactly when the content changes', () => {
  const wish = [{ profile: 's', secret: 's', caOnly: false }];
  const [first] = resolveProfiles(wish, () => material('1'), new Map(), 2);
  assert.equal(first?.ordinal, 1);
  const known = new Map([['s', { digest: first?.digest ?? '', ordinal: 4 }]]);
  assert.equal(resolveProfiles(wish, () => material('1'), known, 2)[0]?.ordinal, 4);
  const [next] = resolveProfiles(wish, () => material('2'), known, 2);
  assert.equal(next?.ordinal, 5);
  assert.equal(next?.oldestValidOrdinal, 3);
  assert.equal(resolveProfiles(wish, () => material('2', 0), known, 2)[0]?.oldestValidOrdinal, 5);
  assert.deepEqual(
    resolveProfiles(wish, () => undefined, known, 2),
    [],
  );
});

test('connections outlive any number of renewals of ours, and two of a Secret of the user', () => {
  const wish = [{ profile: 's', secret: 's', caOnly: false }];
  const oldest = (isKeptByUs: boolean, site?: number, prior?: number): number | undefined => {
    const known = new Map([['s', { digest: 'before', ordinal: 9 }]]);
    const found = { ...material('1', prior), isKeptByUs };
    return resolveProfiles(wish, () => found, known, site)[0]?.oldestValidOrdinal;
  };
  assert.deepEqual([oldest(true), oldest(false)], [0, 8]);
  // Whoever says a number gets it.
  assert.deepEqual([oldest(true, 3), oldest(false, 3)], [7, 7]);
  assert.deepEqual([oldest(true, 3, 1), oldest(false, undefined, 1)], [9, 9]);
});

test('acceptance 73: a CA-only user sees only the CA, unless a fuller one shares the profile', () => {
  const caOnly = { profile: 's-profile', secret: 's', caOnly: true };
  const full = { profile: 's-profile', secret: 's', caOnly: false };
  const files = (wishes: (typeof caOnly)[]): string[] => [
    ...(resolveProfiles(wishes, () => material('1'), new Map(), 2)[0]?.files.keys() ?? []),
  ];
  assert.deepEqual(files([caOnly]), ['ca.crt']);
  assert.deepEqual(files([caOnly, full]), ['ca.crt', 'tls.crt', 'tls.key']);
  assert.deepEqual(files([full, caOnly]), ['ca.crt', 'tls.crt', 'tls.key']);
  const profiles = resolveProfiles([full], () => material('1'), new Map(), 2);
  assert.equal(profileContext(profiles, 's'), '[{"profileName":"s-profile","ordinal":1}]');
  assert.equal(profileContext(profiles, 'other'), undefined);
});

const rows = (entries: Partial<Record<ManagedType, EntityRow[]>>) =>
  new Map(managedTypes.map((type) => [type, entries[type] ?? []]));
const told = (operations: readonly RouterOperation[]): string[] =>
  operations.map(({ operation, type, name }) => `${operation} ${type} ${name}`);

test('profiles come before their users and go after them', () => {
  const desired = desiredEntities({
    ...inputs,
    profiles: [{ name: 'new', files: ['ca.crt'], ordinal: 1, oldestValidOrdinal: 0 }],
    links: [
      {
        name: 'l',
        role: 'inter-router',
        host: 'h',
        port: '1',
        cost: 1,
        secret: 'n',
        proxy: undefined,
      },
    ],
  });
  const operations = difference(
    desired,
    rows({
      sslProfile: [{ name: 'old' }],
      connector: [
        { name: 'l', role: 'inter-router', host: 'other', port: '1' },
        { name: 'auto-mesh', role: 'normal' },
      ],
      listener: [
        { name: 'amqps', role: 'normal' },
        { name: 'health', role: 'normal' },
        { name: 'ra-inter-router', role: 'inter-router' },
      ],
      tcpListener: [{ name: 'listener/x' }],
    }),
  );
  assert.deepEqual(told(operations), [
    'create sslProfile new',
    'delete connector l',
    'delete listener ra-inter-router',
    'delete tcpListener listener/x',
    'create connector l',
    'delete sslProfile old',
  ]);
});

test('an ordinal is updated in place, and equal values of other types are equal', () => {
  const profile = (ordinal: number) =>
    desiredEntities({
      ...inputs,
      profiles: [{ name: 's', files: ['ca.crt'], ordinal, oldestValidOrdinal: 0 }],
    });
  const actual = rows({
    sslProfile: [
      { name: 's', caCertFile: '/certs/s/ca.crt', ordinal: 1n, oldestValidOrdinal: '0' },
    ],
  });
  assert.deepEqual(difference(profile(1), actual), []);
  assert.deepEqual(told(difference(profile(2), actual)), ['update sslProfile s']);
});

test('what was applied needs nothing more, from whatever the router had before', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const connectors = fc.uniqueArray(fc.record({ name, port: fc.nat({ max: 9 }) }), {
    selector: (entry) => entry.name,
  });
  fc.assert(
    fc.property(connectors, connectors, (before, wanted) => {
      const desired = wanted.map((entry): RouterEntity => {
        return { type: 'tcpConnector', name: entry.name, attributes: { port: `${entry.port}` } };
      });
      const present = new Map<string, EntityRow>(
        before.map((entry) => [entry.name, { name: entry.name, port: entry.port }]),
      );
      for (const operation of difference(desired, rows({ tcpConnector: [...present.values()] }))) {
        if (operation.operation === 'delete') assert.ok(present.delete(operation.name));
        else {
          assert.ok(!present.has(operation.name), 'created twice');
          present.set(operation.name, { name: operation.name, ...operation.attributes });
        }
      }
      assert.deepEqual(difference(desired, rows({ tcpConnector: [...present.values()] })), []);
    }),
  );
});
