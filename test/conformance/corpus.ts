/** Requests whose answers every target must agree on, in order: later ones use what earlier ones made. */

export interface Exchange {
  readonly title: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** NS stands for the namespace of the corpus. */
  readonly path: string;
  readonly body?: unknown;
  /** Content type of the body. Default JSON. */
  readonly type?: string;
  readonly accept?: string;
  /** Why the embedded server answers otherwise; absent: it must not. */
  readonly differs?: string;
}

const core = '/api/v1';
const maps = `${core}/namespaces/NS/configmaps`;
const secrets = `${core}/namespaces/NS/secrets`;
const listeners = '/apis/skupper.io/v2alpha1/namespaces/NS/listeners';
const leases = '/apis/coordination.k8s.io/v1/namespaces/NS/leases';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const merge = 'application/merge-patch+json';
const jsonPatch = 'application/json-patch+json';
const strategic = 'application/strategic-merge-patch+json';

const map = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});
const listener = (name: string, spec: object): object => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'Listener',
  metadata: { name },
  spec,
});
const good = { routingKey: 'k', host: 'h', port: 1 };
export const exchanges: readonly Exchange[] = [
  {
    title: 'make the namespace',
    differs: 'finalizers and phase of a namespace are owned by its creator here',
    method: 'POST',
    path: `${core}/namespaces`,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'NS' } },
    accept: partial,
  },
  // Reading what is not there
  { title: 'get a missing object', path: `${maps}/nope` },
  { title: 'get a missing custom object', path: `${listeners}/nope` },
  { title: 'list in a missing namespace', path: `${core}/namespaces/nowhere/configmaps` },
  { title: 'unknown resource of a known version', path: `${core}/namespaces/NS/widgets` },
  { title: 'unknown group', path: '/apis/nothing.example/v1/things' },
  { title: 'unknown path', path: '/nothing' },
  { title: 'unknown subresource', path: `${maps}/nope/status` },
  // Creating
  {
    title: 'create',
    method: 'POST',
    path: maps,
    body: map('a', { data: { k: 'v' } }),
    accept: partial,
  },
  { title: 'create again', method: 'POST', path: maps, body: map('a') },
  { title: 'create without a name', method: 'POST', path: maps, body: { metadata: {} } },
  { title: 'create with a bad name', method: 'POST', path: maps, body: map('Bad_Name') },
  {
    title: 'create in a missing namespace',
    method: 'POST',
    path: `${core}/namespaces/nowhere/configmaps`,
    body: map('a'),
  },
  {
    title: 'create in another namespace than the path',
    method: 'POST',
    path: maps,
    body: { ...map('b'), metadata: { name: 'b', namespace: 'other' } },
  },
  {
    title: 'create with the kind of another',
    differs: 'the words of Kubernetes name its Go types',
    method: 'POST',
    path: maps,
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b' } },
  },
  {
    title: 'create with broken JSON',
    differs: 'the words of the JSON parser differ',
    method: 'POST',
    path: maps,
    body: '{"metadata":',
  },
  {
    title: 'create with an empty body',
    differs: 'the words of the JSON parser differ',
    method: 'POST',
    path: maps,
    body: '',
  },
  {
    title: 'create with an unknown content type',
    method: 'POST',
    path: maps,
    body: 'x',
    type: 'text/plain',
  },
  {
    title: 'create with an unknown field, strictly',
    method: 'POST',
    path: `${maps}?fieldValidation=Strict`,
    body: { ...map('b'), zzz: 1 },
  },
  {
    title: 'create with a bad fieldValidation',
    method: 'POST',
    path: `${maps}?fieldValidation=Perhaps`,
    body: map('b'),
  },
  {
    title: 'create with a bad dryRun',
    method: 'POST',
    path: `${maps}?dryRun=Some`,
    body: map('b'),
  },
  {
    title: 'create as a dry run',
    method: 'POST',
    path: `${maps}?dryRun=All`,
    body: map('dry'),
    accept: partial,
  },
  { title: 'the dry run left nothing', path: `${maps}/dry` },
  {
    title: 'create with a number for text',
    differs: '422 that names the field instead of a 400 with Go types',
    method: 'POST',
    path: maps,
    body: map('b', { data: { k: 1 } }),
  },
  {
    title: 'create with a bad key',
    method: 'POST',
    path: maps,
    body: map('b', { data: { 'a b': '' } }),
  },
  {
    title: 'create a secret with bad base64',
    differs: '422 that names the field instead of a 400',
    method: 'POST',
    path: secrets,
    body: { metadata: { name: 's' }, data: { k: '!' } },
  },
  {
    title: 'create a custom object',
    method: 'POST',
    path: listeners,
    body: listener('l', good),
    accept: partial,
  },
  {
    title: 'create a custom object of wrong types',
    method: 'POST',
    path: listeners,
    body: listener('m', { routingKey: 1, host: 2, port: 'x' }),
  },
  {
    title: 'create a custom object without what it needs',
    method: 'POST',
    path: listeners,
    body: listener('m', {}),
  },
  {
    title: 'create a custom object with a bad choice',
    method: 'POST',
    path: listeners,
    body: listener('m', { ...good, observer: 'foo' }),
  },
  {
    title: 'create a custom object, strictly',
    method: 'POST',
    path: `${listeners}?fieldValidation=Strict`,
    body: listener('m', { ...good, zzz: 1 }),
  },
  {
    title: 'create a custom object of another version',
    method: 'POST',
    path: listeners,
    body: { ...listener('m', good), apiVersion: 'skupper.io/v1' },
  },
  {
    title: 'create a lease that lasts no time',
    method: 'POST',
    path: leases,
    body: { metadata: { name: 'l' }, spec: { leaseDurationSeconds: 0 } },
  },
  // Updating
  {
    title: 'update with an old revision',
    method: 'PUT',
    path: `${maps}/a`,
    body: { ...map('a'), metadata: { name: 'a', resourceVersion: '1' } },
  },
  { title: 'update under another name', method: 'PUT', path: `${maps}/a`, body: map('b') },
  { title: 'update a missing object', method: 'PUT', path: `${maps}/nope`, body: map('nope') },
  {
    title: 'update with another uid',
    differs: 'Kubernetes names a key of etcd',
    method: 'PUT',
    path: `${maps}/a`,
    body: { ...map('a'), metadata: { name: 'a', uid: '00000000-0000-4000-8000-000000000000' } },
  },
  {
    title: 'update a custom object without revision',
    method: 'PUT',
    path: `${listeners}/l`,
    body: listener('l', good),
  },
  // Patching
  {
    title: 'merge patch',
    method: 'PATCH',
    path: `${maps}/a`,
    body: { data: { k: null, n: '1' } },
    type: merge,
    accept: partial,
  },
  { title: 'patch a missing object', method: 'PATCH', path: `${maps}/nope`, body: {}, type: merge },
  {
    title: 'json patch whose test fails',
    method: 'PATCH',
    path: `${maps}/a`,
    body: [{ op: 'test', path: '/data/n', value: '2' }],
    type: jsonPatch,
  },
  {
    title: 'json patch of a missing place',
    method: 'PATCH',
    path: `${maps}/a`,
    body: [{ op: 'remove', path: '/data/zzz' }],
    type: jsonPatch,
  },
  {
    title: 'json patch that is no list',
    differs: 'the words of Kubernetes name its Go types',
    method: 'PATCH',
    path: `${maps}/a`,
    body: {},
    type: jsonPatch,
  },
  {
    title: 'patch without a known type',
    differs: 'the answer names the types that are accepted',
    method: 'PATCH',
    path: `${maps}/a`,
    body: {},
    type: 'application/json',
  },
  {
    title: 'strategic patch of a custom object',
    method: 'PATCH',
    path: `${listeners}/l`,
    body: { spec: { port: 2 } },
    type: strategic,
  },
  {
    title: 'force without apply',
    method: 'PATCH',
    path: `${maps}/a?force=true`,
    body: {},
    type: merge,
  },
  {
    title: 'patch to something invalid',
    method: 'PATCH',
    path: `${listeners}/l`,
    body: { spec: { port: 'x' } },
    type: merge,
  },
  {
    title: 'patch the name',
    method: 'PATCH',
    path: `${maps}/a`,
    body: { metadata: { name: 'b' } },
    type: merge,
  },
  // Selecting and paging
  { title: 'bad label selector', path: `${maps}?labelSelector=a%20in%20(` },
  { title: 'bad field selector', path: `${maps}?fieldSelector=data.k%3D1` },
  {
    title: 'bad field selector of a custom kind',
    path: `${listeners}?fieldSelector=spec.port%3D1`,
  },
  { title: 'bad limit', path: `${maps}?limit=many` },
  {
    title: 'bad continue token',
    differs: 'Kubernetes quotes an undecodable byte of the token',
    path: `${maps}?limit=1&continue=rubbish`,
  },
  {
    title: 'list at a revision to come',
    path: `${maps}?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan`,
  },
  { title: 'resourceVersionMatch alone', path: `${maps}?resourceVersionMatch=Exact` },
  {
    title: 'bad resourceVersionMatch',
    path: `${maps}?resourceVersion=1&resourceVersionMatch=Perhaps`,
  },
  {
    title: 'list by name',
    path: `${maps}?fieldSelector=metadata.name%3Da`,
    accept: partial.replace('Metadata', 'MetadataList'),
  },
  {
    title: 'list of custom objects',
    differs: 'an empty continue token is left out',
    path: `${listeners}?labelSelector=none`,
  },
  // Watching
  {
    title: 'initial events without a match rule',
    path: `${maps}?watch=true&sendInitialEvents=true&timeoutSeconds=1`,
  },
  {
    title: 'watch from the beginning, by name',
    path: `${listeners}?watch=true&fieldSelector=metadata.name%3Dnope&timeoutSeconds=1`,
  },
  // Tables
  { title: 'table of config maps', path: `${maps}/a`, accept: `${table},application/json` },
  { title: 'table of listeners', path: `${listeners}/l`, accept: table },
  {
    title: 'what cannot be given',
    differs: 'protobuf answers are not offered',
    path: `${maps}/a`,
    accept: 'application/cbor',
  },
  // Deleting
  {
    title: 'delete with another uid',
    method: 'DELETE',
    path: `${maps}/a`,
    body: { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } },
  },
  {
    title: 'delete with an old revision',
    method: 'DELETE',
    path: `${maps}/a`,
    body: { preconditions: { resourceVersion: '1' } },
  },
  {
    title: 'delete with a bad propagation',
    method: 'DELETE',
    path: `${maps}/a?propagationPolicy=Perhaps`,
  },
  { title: 'delete', method: 'DELETE', path: `${maps}/a` },
  { title: 'delete again', method: 'DELETE', path: `${maps}/a` },
  { title: 'delete a permanent namespace', method: 'DELETE', path: `${core}/namespaces/default` },
  {
    title: 'a method that is none of the resource',
    method: 'POST',
    path: `${maps}/a`,
    body: map('a'),
  },
  { title: 'put to a collection', method: 'PUT', path: maps, body: map('a') },
  // Reviews
  {
    title: 'review without what it is about',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { spec: {} },
  },
  {
    title: 'review of both things',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      spec: {
        resourceAttributes: { verb: 'get', resource: 'pods' },
        nonResourceAttributes: { verb: 'get', path: '/x' },
      },
    },
  },
  {
    title: 'token of a missing account',
    method: 'POST',
    path: `${core}/namespaces/NS/serviceaccounts/nope/token`,
    body: { spec: {} },
  },
  {
    title: 'token for too short',
    method: 'POST',
    path: `${core}/namespaces/NS/serviceaccounts/default/token`,
    body: { spec: { expirationSeconds: 60 } },
  },
  // Server-side apply
  ...applies(),
  // Deletion that waits
  {
    title: 'an object with a finalizer',
    method: 'POST',
    path: maps,
    body: { ...map('fin'), metadata: { name: 'fin', finalizers: ['x.io/a'] } },
  },
  { title: 'its deletion waits', method: 'DELETE', path: `${maps}/fin` },
  {
    title: 'no further finalizer while it waits',
    method: 'PATCH',
    path: `${maps}/fin`,
    type: merge,
    body: { metadata: { finalizers: ['x.io/a', 'x.io/b'] } },
  },
  {
    title: 'the last finalizer goes, and the object with it',
    method: 'PATCH',
    path: `${maps}/fin`,
    type: merge,
    body: { metadata: { finalizers: null } },
  },
  { title: 'it is gone', path: `${maps}/fin` },
];

/** Several managers on a map, a custom object, and the ports of a Service. */
function applies(): readonly Exchange[] {
  const services = `${core}/namespaces/NS/services`;
  const noFamilies = 'no address families and no load balancer are made up here';
  const one = (title: string, path: string, body: unknown): Exchange => ({
    title,
    method: 'PATCH',
    path,
    body,
    type: 'application/apply-patch+yaml',
  });
  const service = (...ports: object[]): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'svc' },
    spec: { clusterIP: 'None', selector: { app: 'x' }, ports },
  });
  return [
    one('apply makes it', `${maps}/ap?fieldManager=one`, map('ap', { data: { a: '1', b: '1' } })),
    one('apply again', `${maps}/ap?fieldManager=one`, map('ap', { data: { a: '1', b: '1' } })),
    one(
      'apply the same by another',
      `${maps}/ap?fieldManager=two`,
      map('ap', { data: { a: '1' } }),
    ),
    one('apply with a conflict', `${maps}/ap?fieldManager=two`, map('ap', { data: { a: '2' } })),
    one(
      'apply by force',
      `${maps}/ap?fieldManager=two&force=true`,
      map('ap', { data: { a: '2' } }),
    ),
    {
      title: 'an update beside appliers',
      method: 'PATCH',
      path: `${maps}/ap?fieldManager=upd`,
      type: merge,
      body: { data: { b: '3', c: '3' }, metadata: { labels: { l: 'm' } } },
    },
    one('apply leaves one out', `${maps}/ap?fieldManager=one`, map('ap', { data: { d: '1' } })),
    one(
      'conflicts with two',
      `${maps}/ap?fieldManager=four`,
      map('ap', { data: { a: '9', c: '9' } }),
    ),
    one('apply without a manager', `${maps}/ap`, map('ap')),
    one('apply with managedFields', `${maps}/ap?fieldManager=x`, {
      ...map('ap'),
      metadata: { name: 'ap', managedFields: [{ manager: 'x' }] },
    }),
    one('apply under another name', `${maps}/ap?fieldManager=x`, map('other')),
    {
      ...one('apply nonsense', `${maps}/ap?fieldManager=x`, 'a: [b'),
      differs: 'the words of the YAML parser differ',
    },
    one('apply of a custom object', `${listeners}/ap?fieldManager=one`, listener('ap', good)),
    one(
      'a custom conflict',
      `${listeners}/ap?fieldManager=two`,
      listener('ap', { ...good, port: 2 }),
    ),
    {
      title: 'a status beside it',
      method: 'PATCH',
      path: `${listeners}/ap/status?fieldManager=st`,
      type: merge,
      body: { status: { status: 'Ready', message: 'OK' } },
    },
    {
      ...one(
        'ports by key',
        `${services}/svc?fieldManager=one`,
        service({ port: 80, name: 'web' }),
      ),
      differs: noFamilies,
    },
    {
      ...one(
        'another port by another',
        `${services}/svc?fieldManager=two`,
        service({ port: 443, name: 'tls' }),
      ),
      differs: noFamilies,
    },
    one(
      'a port of one changed by two',
      `${services}/svc?fieldManager=two`,
      service({ port: 80, name: 'x' }),
    ),
    {
      ...one('ports of one go', `${services}/svc?fieldManager=one`, service()),
      differs: noFamilies,
    },
  ];
}
