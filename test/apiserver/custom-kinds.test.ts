/** Kinds that clients define themselves, from their definition to their end. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AnyJson, apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const gizmos = '/apis/acc.test/v1/namespaces/default/gizmos';
const merge = { 'content-type': 'application/merge-patch+json' };

const specSchema = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', default: 3, maximum: 9 },
    color: { type: 'string', enum: ['red', 'blue'] },
    port: { 'x-kubernetes-int-or-string': true },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    replicas: { type: 'integer' },
  },
  'x-kubernetes-validations': [
    { rule: "!has(self.color) || self.color != 'red' || self.size < 5", message: 'red is small' },
  ],
};

const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: specSchema,
        status: { type: 'object', properties: { replicas: { type: 'integer' } } },
      },
    },
  },
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  },
  ...more,
});

const definition = (more: object = {}, names: object = {}): AnyJson => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gizmos.acc.test' },
  spec: {
    group: 'acc.test',
    scope: 'Namespaced',
    names: { plural: 'gizmos', kind: 'Gizmo', shortNames: ['gz'], categories: ['toys'], ...names },
    versions: [version('v1')],
    ...more,
  },
});

const gizmo = (name: string, spec: object = {}, apiVersion = 'acc.test/v1') => ({
  apiVersion,
  kind: 'Gizmo',
  metadata: { name },
  spec,
});

async function define(api: TestApiServer, crd: AnyJson): Promise<void> {
  const { status, text } = await api.call(crds, { body: crd });
  assert.equal(status, 201, text);
}

const conditionsOf = (crd: AnyJson): Record<string, string> =>
  Object.fromEntries(
    (crd.status?.conditions ?? []).map((each: AnyJson) => [
      each.type,
      `${each.status} ${each.reason}`,
    ]),
  );

test('a kind is served as soon as its definition is stored', async (t) => {
  const api = await apiServerFor(t);
  assert.equal((await api.call(gizmos)).text, '404 page not found\n');
  await define(api, definition());
  const made = await api.call(gizmos, {
    body: gizmo('g', { free: { a: { b: 1 } }, port: 'http' }),
  });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.spec, { size: 3, free: { a: { b: 1 } }, port: 'http' });
  assert.equal(made.json.metadata.generation, 1);
  const crd = await until(async () => {
    const { json } = await api.call(`${crds}/gizmos.acc.test`);
    return conditionsOf(json)['Established'] !== undefined && json;
  }, 'the definition to be established');
  assert.deepEqual(conditionsOf(crd), {
    NamesAccepted: 'True NoConflicts',
    Established: 'True InitialNamesAccepted',
  });
  assert.deepEqual(crd.status.storedVersions, ['v1']);
  assert.deepEqual(crd.status.acceptedNames, {
    plural: 'gizmos',
    singular: 'gizmo',
    kind: 'Gizmo',
    listKind: 'GizmoList',
    shortNames: ['gz'],
    categories: ['toys'],
  });
  const { resources } = (await api.call('/apis/acc.test/v1')).json;
  assert.deepEqual(
    resources.map((each: AnyJson) => [each.name, each.kind]),
    [
      ['gizmos', 'Gizmo'],
      ['gizmos/status', 'Gizmo'],
      ['gizmos/scale', 'Scale'],
    ],
  );
  const index = (await api.call('/openapi/v3')).json.paths['apis/acc.test/v1'];
  const schemas = (await api.call(index.serverRelativeURL)).json.components.schemas;
  assert.equal(schemas['test.acc.v1.Gizmo'].properties.spec.properties.size.type, 'integer');
});

test('objects are pruned, completed and checked by schema and rules', async (t) => {
  const api = await apiServerFor(t);
  await define(api, definition());
  const post = (spec: object, query = '') => api.call(gizmos + query, { body: gizmo('g', spec) });
  const strict = await post({ zzz: 1 }, '?fieldValidation=Strict');
  assert.match(strict.json.message, /strict decoding error: unknown field "spec.zzz"/u);
  assert.match(
    (await post({ size: 'x' })).json.message,
    /spec.size in body must be of type integer/u,
  );
  assert.match((await post({ color: 'green' })).json.message, /supported values: "red", "blue"/u);
  const ruled = await post({ color: 'red', size: 6 });
  assert.deepEqual(
    [ruled.status, ruled.json.message],
    [422, 'Gizmo.acc.test "g" is invalid: spec: Invalid value: "object": red is small'],
  );
  const warned = await post({ zzz: 1 });
  assert.deepEqual([warned.status, warned.json.spec], [201, { size: 3 }]);
  assert.match(String(warned.headers['warning']), /unknown field \\"spec.zzz\\"/u);
});

test('status and scale stand beside the object where the definition says so', async (t) => {
  const api = await apiServerFor(t);
  await define(api, definition());
  await api.call(gizmos, { body: { ...gizmo('g'), status: { replicas: 7 } } });
  const patch = (place: string, body: object) =>
    api.call(`${gizmos}/g${place}`, { method: 'PATCH', headers: merge, body });
  const scaled = await patch('/scale', { spec: { replicas: 4 } });
  assert.deepEqual([scaled.json.spec, scaled.json.status], [{ replicas: 4 }, { replicas: 0 }]);
  const status = await patch('/status', { status: { replicas: 4 }, spec: { size: 1 } });
  assert.deepEqual(status.json.spec, { size: 3, replicas: 4 });
  assert.deepEqual((await api.call(`${gizmos}/g/scale`)).json.status, { replicas: 4 });
  const bare = definition({ versions: [version('v1', { subresources: {} })] });
  const current = (await api.call(`${crds}/gizmos.acc.test`)).json;
  const put = { ...bare, metadata: current.metadata };
  assert.equal(
    (await api.call(`${crds}/gizmos.acc.test`, { method: 'PUT', body: put })).status,
    200,
  );
  assert.equal((await api.call(`${gizmos}/g/scale`)).status, 404);
});

test('columns are those of the definition, or name and age', async (t) => {
  const api = await apiServerFor(t);
  const columns = [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }];
  await define(
    api,
    definition({ versions: [version('v1', { additionalPrinterColumns: columns })] }),
  );
  await api.call(gizmos, { body: gizmo('g') });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { json } = await api.call(gizmos, { headers: { accept } });
  const titles = json.columnDefinitions.map((each: AnyJson) => each.name);
  assert.deepEqual(
    [titles, json.rows[0].cells],
    [
      ['Name', 'Size'],
      ['g', 3],
    ],
  );
});

test('an object is the same in every served version', async (t) => {
  const api = await apiServerFor(t);
  const versions = [version('v1beta1', { deprecated: true }), version('v1')];
  await define(api, definition({ versions }));
  const old = '/apis/acc.test/v1beta1/namespaces/default/gizmos';
  const made = await api.call(old, { body: gizmo('g', { size: 1 }, 'acc.test/v1beta1') });
  assert.deepEqual([made.status, made.json.apiVersion], [201, 'acc.test/v1beta1'], made.text);
  assert.match(String(made.headers['warning']), /acc.test\/v1beta1 Gizmo is deprecated/u);
  const read = await api.call(`${gizmos}/g`);
  assert.deepEqual([read.json.apiVersion, read.headers['warning']], ['acc.test/v1', undefined]);
  const { resourceVersion } = made.json.metadata;
  const same = await api.call(`${old}/g`, {
    method: 'PATCH',
    headers: merge,
    body: { spec: { size: 1 } },
  });
  assert.equal(same.json.metadata.resourceVersion, resourceVersion, 'nothing changed');
  const put = await api.call(`${old}/g`, {
    method: 'PUT',
    body: { ...same.json, spec: { size: 2 } },
  });
  assert.deepEqual([put.status, put.json.apiVersion], [200, 'acc.test/v1beta1'], put.text);
  assert.equal((await api.call(old)).json.items[0].apiVersion, 'acc.test/v1beta1');
  const watch = await api.call(`${old}?watch=true&timeoutSeconds=1`);
  assert.match(watch.text, /"apiVersion":"acc.test\/v1beta1"/u);
  const group = (await api.call('/apis/acc.test')).json;
  assert.deepEqual(
    [group.preferredVersion.version, group.versions.length],
    ['v1', 2],
    'stable comes before beta',
  );
});

test('names that are taken are told, and accepted when they become free', async (t) => {
  const api = await apiServerFor(t);
  await define(api, definition());
  const second = {
    ...definition({}, { plural: 'widgets', kind: 'Gizmo' }),
    metadata: { name: 'widgets.acc.test' },
  };
  await define(api, second);
  const states = async () => conditionsOf((await api.call(`${crds}/widgets.acc.test`)).json);
  await until(
    async () => (await states())['NamesAccepted'] === 'False SingularConflict',
    'the conflict',
  );
  assert.equal((await api.call('/apis/acc.test/v1/widgets')).status, 404);
  await api.call(`${crds}/gizmos.acc.test`, { method: 'DELETE' });
  await until(
    async () => (await states())['Established'] === 'True InitialNamesAccepted',
    'acceptance',
  );
  assert.equal((await api.call('/apis/acc.test/v1/widgets')).status, 200);
});

test('a definition goes with its objects, and waits for their finalizers', async (t) => {
  const api = await apiServerFor(t);
  await define(api, definition());
  const finalizers = ['acc.test/hold'];
  const held = { ...gizmo('held'), metadata: { name: 'held', finalizers } };
  for (const body of [gizmo('a'), held]) await api.call(gizmos, { body });
  const asked = await api.call(`${crds}/gizmos.acc.test`, { method: 'DELETE' });
  assert.deepEqual(asked.json.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io']);
  await until(async () => (await api.call(`${gizmos}/a`)).status === 404, 'the free object to go');
  assert.equal((await api.call(gizmos, { body: gizmo('late') })).status, 405);
  const crd = (await api.call(`${crds}/gizmos.acc.test`)).json;
  assert.equal(conditionsOf(crd)['Terminating'], 'True InstanceDeletionInProgress');
  await api.call(`${gizmos}/held`, {
    method: 'PATCH',
    headers: merge,
    body: { metadata: { finalizers: null } },
  });
  await until(
    async () => (await api.call(`${crds}/gizmos.acc.test`)).status === 404,
    'the kind to go',
  );
  assert.equal((await api.call(gizmos)).text, '404 page not found\n');
  assert.equal((await api.call('/openapi/v3')).json.paths['apis/acc.test/v1'], undefined);
});

test('kinds and objects are there again after a restart', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-kinds-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const first = await apiServerFor(t, { directory });
  await define(first, definition());
  await first.call(gizmos, { body: gizmo('g') });
  await first.stop();
  const second = await apiServerFor(t, { directory });
  assert.equal((await second.call(`${gizmos}/g`)).json.spec.size, 3);
});

test('the kinds of the server are definitions too, and stay as they are', async (t) => {
  const api = await apiServerFor(t);
  const place = `${crds}/listeners.skupper.io`;
  const { json } = await api.call(place);
  assert.equal(json.spec.names.kind, 'Listener');
  assert.equal((await api.call(crds)).json.items.length, 15);
  const label = await api.call(place, {
    method: 'PATCH',
    headers: merge,
    body: { metadata: { labels: { a: 'b' } } },
  });
  assert.equal(label.status, 200);
  const changed = await api.call(place, {
    method: 'PATCH',
    headers: merge,
    body: { spec: { names: { categories: ['other'] } } },
  });
  assert.deepEqual([changed.status, changed.json.reason], [403, 'Forbidden']);
  const removed = await api.call(place, { method: 'DELETE' });
  assert.match(removed.json.message, /this kind is part of the server and cannot be removed/u);
  await until(
    async () => conditionsOf((await api.call(place)).json)['Established'] !== undefined,
    'our own kind to be established',
  );
});
