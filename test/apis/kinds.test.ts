import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiDefinitions, readyConditions } from '#apis/index.ts';
import {
  Admission,
  apiVersionOf,
  builtinDefinitions,
  Registry,
  type SchemaNode,
  TableRenderer,
} from '#kube/index.ts';

/** Kind, plural, short names, titles after NAME (* = wide only). */
const expected: readonly [string, string, readonly string[], string][] = [
  ['Site', 'sites', ['st'], 'Status, Sites In Network, Message'],
  ['Link', 'links', ['ln'], 'Status, Remote Site, Message'],
  [
    'Listener',
    'listeners',
    ['lnr'],
    'Routing Key, Port, Host, Status, Has Matching Connector, Message',
  ],
  [
    'Connector',
    'connectors',
    ['cnr'],
    'Routing Key, Port, Host, Selector, Status, Has Matching Listener, Message',
  ],
  ['MultiKeyListener', 'multikeylisteners', [], 'Status, Message, HasDestination'],
  ['AttachedConnector', 'attachedconnectors', ['acnr'], 'Port, Selector, Site Namespace, Status'],
  [
    'AttachedConnectorBinding',
    'attachedconnectorbindings',
    ['acnrb'],
    'Routing Key, Connector Namespace, Status, Has Matching Listener',
  ],
  [
    'AccessGrant',
    'accessgrants',
    ['grant', 'gr'],
    'Redemptions Allowed, Redemptions Made, Expiration, Status, Message',
  ],
  ['AccessToken', 'accesstokens', ['token', 'to'], 'URL, Redeemed, Status, Message'],
  ['RouterAccess', 'routeraccesses', [], 'Status, Message'],
  ['SecuredAccess', 'securedaccesses', [], 'Status, Message'],
  ['Certificate', 'certificates', [], 'CA, Server, Client, Signing, Status, Expiration, Message'],
  [
    'GatewayToken',
    'gatewaytokens',
    ['gt'],
    'Uses Allowed, Uses, Expiration, Revoked, Status, Message, Issued By*',
  ],
  ['GatewayVerdict', 'gatewayverdicts', ['gv'], 'Token, Decision, By, Status, Message'],
  [
    'IssuedLink',
    'issuedlinks',
    ['il'],
    'Site, Grant, Connected, Expiration, Revoked, Status, Message, Site ID*, Serial*',
  ],
];

test('the kinds are exactly the expected ones', () => {
  assert.deepEqual(
    apiDefinitions.map(({ kind }) => kind),
    expected.map(([kind]) => kind),
  );
});

for (const [kind, plural, shortNames, titles] of expected) {
  test(`${kind} has the names and columns that scripts rely on`, () => {
    const definition = apiDefinitions.find((each) => each.kind === kind);
    assert.ok(definition);
    assert.equal(definition.plural, plural);
    assert.equal(definition.singular, kind.toLowerCase());
    assert.deepEqual(definition.shortNames, shortNames);
    assert.equal(definition.scope, 'Namespaced');
    assert.equal(definition.statusSubresource, true);
    assert.equal(definition.custom, true);
    const columns = new TableRenderer(definition).columnDefinitions;
    assert.equal(
      columns.map(({ name, priority }) => name + (priority > 0 ? '*' : '')).join(', '),
      `Name, ${titles}`,
    );
    assert.ok(kind in readyConditions);
  });
}

test('names and short names do not clash in one server', () => {
  const all = [...builtinDefinitions, ...apiDefinitions];
  assert.equal(new Registry(all).all.length, all.length);
  const names = all.flatMap(({ singular, shortNames }) => [singular, ...shortNames]);
  assert.equal(new Set(names).size, names.length);
});

function withoutDescription(node: SchemaNode, path: string): string[] {
  const children = Object.entries(node.properties ?? {}).map(
    ([name, child]) => [`${path}.${name}`, child] as const,
  );
  const own = node.description === undefined || node.description === '' ? [path] : [];
  return [...own, ...children.flatMap(([place, child]) => withoutDescription(child, place))];
}

test('every field of every kind has a description for kubectl explain', () => {
  for (const definition of [...apiDefinitions, ...builtinDefinitions]) {
    assert.deepEqual(withoutDescription(definition.schema, definition.kind), []);
  }
});

const faultsOf = (kind: string, extra: object, before?: object): string[] => {
  const definition = apiDefinitions.find((each) => each.kind === kind);
  assert.ok(definition);
  const admission = new Admission(definition);
  const build = (fields: object) => {
    const object = {
      apiVersion: apiVersionOf(definition),
      kind,
      metadata: { name: 'bad', namespace: 'ns' },
      ...structuredClone(fields),
    };
    assert.deepEqual(admission.normalize(object), []);
    return object;
  };
  const old = before === undefined ? undefined : build(before);
  return admission.check(build(extra), old).map(({ field, message }) => `${field}: ${message}`);
};

/** What Skupper accepts is accepted here; what is odd about it is told by conditions. */
const accepted: readonly [string, object][] = [
  ['Site', {}],
  ['Site', { spec: { linkAccess: 'anything', settings: { x: 'y' } } }],
  ['Link', {}],
  ['Link', { spec: { endpoints: [{}], cost: -1 } }],
  ['Listener', {}],
  ['Listener', { spec: { routingKey: '', host: '', port: 70_000, type: 'udp' } }],
  ['Connector', { spec: { routingKey: 'k', port: -1, selector: '' } }],
  ['AccessGrant', { spec: { redemptionsAllowed: -1, expirationWindow: '1d' } }],
  ['AccessToken', { spec: { url: '', code: '', ca: '' } }],
  ['RouterAccess', { spec: { roles: [{ name: 'odd' }], tlsCredentials: '' } }],
  ['SecuredAccess', { spec: { selector: {}, ports: [] } }],
  ['Certificate', { spec: { ca: '', subject: 's', signing: true } }],
  ['AttachedConnector', { spec: { siteNamespace: 'n', port: 1, selector: 'a=b' } }],
  ['AttachedConnectorBinding', { spec: { connectorNamespace: 'n', routingKey: 'k' } }],
  [
    'MultiKeyListener',
    { spec: { host: 'h', port: 1, strategy: { weighted: { routingKeys: { a: 1, b: 2 } } } } },
  ],
];

for (const [kind, extra] of accepted) {
  test(`${kind} ${JSON.stringify(extra)} is accepted`, () => {
    assert.deepEqual(faultsOf(kind, extra), []);
  });
}

const refused: readonly [string, object, readonly string[]][] = [
  [
    'Listener',
    { spec: { host: 5, port: 'x' } },
    [
      'spec.host: Invalid value: "integer": spec.host in body must be of type string: "integer"',
      'spec.port: Invalid value: "string": spec.port in body must be of type integer: "string"',
      'spec.routingKey: Required value',
    ],
  ],
  [
    'Listener',
    { spec: { routingKey: 'k', host: 'h', port: 1, observer: 'foo' } },
    ['spec.observer: Unsupported value: "foo": supported values: "auto", "none", "http1", "http2"'],
  ],
  [
    'Connector',
    { spec: { routingKey: 'k', port: 1, host: 'h', selector: 's' } },
    [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
  [
    'Connector',
    { spec: { routingKey: 'k', port: 1 } },
    [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      'spec.selector: Required value',
    ],
  ],
  [
    'AccessGrant',
    { spec: { expirationWindow: 'soon' } },
    [
      'spec.expirationWindow: Invalid value: "soon": spec.expirationWindow in body must be of type duration: "soon"',
    ],
  ],
  ['AccessToken', { spec: { url: '', code: '' } }, ['spec.ca: Required value']],
  [
    'MultiKeyListener',
    { spec: { host: 'h', port: 1, strategy: {} } },
    [
      'spec.strategy: Invalid value: "object": exactly one of the fields in [priority weighted] must be set',
    ],
  ],
  [
    'MultiKeyListener',
    { spec: { host: 'h', port: 1, strategy: { priority: { routingKeys: ['a', 'a'] } } } },
    ['spec.strategy.priority.routingKeys[1]: Duplicate value: "a"'],
  ],
  [
    'IssuedLink',
    {},
    [
      'spec: Required value',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ],
  ],
];

for (const [kind, extra, faults] of refused) {
  test(`${kind} ${JSON.stringify(extra)} is refused in the words of Kubernetes`, () => {
    assert.deepEqual(faultsOf(kind, extra), faults);
  });
}

test('the strategy of a MultiKeyListener cannot change its kind', () => {
  const withStrategy = (strategy: object) => ({ spec: { host: 'h', port: 1, strategy } });
  const priority = withStrategy({ priority: { routingKeys: ['a'] } });
  const weighted = withStrategy({ weighted: { routingKeys: { a: 1 } } });
  assert.deepEqual(faultsOf('MultiKeyListener', weighted, priority), [
    'spec.strategy: Invalid value: "object": strategy is immutable',
  ]);
  const more = withStrategy({ priority: { routingKeys: ['a', 'b'] } });
  assert.deepEqual(faultsOf('MultiKeyListener', more, priority), []);
});
