import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { httpsRequest } from '#http/index.ts';
import { type AnyJson, apiServerFor } from '../support/api-server.ts';

const aggregated = (version: string) =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

test('discovery comes in exactly the form that is asked for', async (t) => {
  const api = await apiServerFor(t);
  const get = (path: string, accept: string) => api.call(path, { headers: { accept } });
  const both = `${aggregated('v2')},${aggregated('v2beta1')},application/json`;
  const newest = await get('/apis', both);
  assert.equal(newest.json.apiVersion, 'apidiscovery.k8s.io/v2');
  assert.equal(newest.headers['content-type'], aggregated('v2'));
  assert.equal(newest.headers['vary'], 'Accept');
  const older = await get('/apis', `${aggregated('v2beta1')},application/json`);
  assert.equal(older.json.apiVersion, 'apidiscovery.k8s.io/v2beta1');
  const unknown = await get('/apis', `${aggregated('v3')},application/json`);
  assert.deepEqual(
    [unknown.json.kind, unknown.headers['content-type']],
    ['APIGroupList', 'application/json'],
  );
  const etag = String(newest.headers['etag']);
  const same = await api.call('/apis', { headers: { accept: both, 'if-none-match': etag } });
  assert.equal(same.status, 304);
});

test('aggregated discovery says all about a resource', async (t) => {
  const api = await apiServerFor(t);
  const { json } = await api.call('/apis', { headers: { accept: aggregated('v2') } });
  const group = json.items.find((item: AnyJson) => item.metadata.name === 'skupper.io');
  const { resources, version, freshness } = group.versions[0];
  assert.deepEqual([version, freshness], ['v2alpha1', 'Current']);
  const found = resources.find((item: AnyJson) => item.resource === 'listeners');
  const responseKind = { group: 'skupper.io', version: 'v2alpha1', kind: 'Listener' };
  assert.deepEqual(found.responseKind, responseKind);
  assert.deepEqual(
    [found.scope, found.singularResource, found.shortNames],
    ['Namespaced', 'listener', ['lnr']],
  );
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  assert.deepEqual(found.verbs, verbs);
  const status = { subresource: 'status', responseKind, verbs: ['get', 'patch', 'update'] };
  assert.deepEqual(found.subresources, [status]);
});

test('single documents name groups, versions and resources', async (t) => {
  const api = await apiServerFor(t);
  const core = (await api.call('/api')).json;
  assert.deepEqual([core.kind, core.versions], ['APIVersions', ['v1']]);
  const group = (await api.call('/apis/skupper.io')).json;
  const preferred = { groupVersion: 'skupper.io/v2alpha1', version: 'v2alpha1' };
  assert.deepEqual([group.kind, group.preferredVersion], ['APIGroup', preferred]);
  const list = (await api.call('/apis/skupper.io/v2alpha1')).json;
  assert.deepEqual([list.kind, list.groupVersion], ['APIResourceList', 'skupper.io/v2alpha1']);
  const names = list.resources.map((item: AnyJson) => item.name);
  for (const name of ['sites', 'sites/status', 'accessgrants', 'links'])
    assert.ok(names.includes(name), name);
  const v1 = (await api.call('/api/v1')).json.resources.map((item: AnyJson) => item.name);
  assert.ok(!v1.includes('nodes'), 'what is not served is not named');
});

test('the OpenAPI index leads to documents that may be kept for ever', async (t) => {
  const api = await apiServerFor(t);
  const index = (await api.call('/openapi/v3')).json.paths;
  assert.deepEqual(Object.keys(index).sort(), [
    'api/v1',
    'apis/apiextensions.k8s.io/v1',
    'apis/apps/v1',
    'apis/coordination.k8s.io/v1',
    'apis/discovery.k8s.io/v1',
    'apis/drawbridge.dev/v1alpha1',
    'apis/rbac.authorization.k8s.io/v1',
    'apis/skupper.io/v2alpha1',
  ]);
  const url = index['apis/skupper.io/v2alpha1'].serverRelativeURL;
  const document = await api.call(url);
  const hash = createHash('sha256').update(document.text).digest('hex').toUpperCase();
  assert.equal(url, `/openapi/v3/apis/skupper.io/v2alpha1?hash=${hash}`);
  assert.equal(document.headers['cache-control'], 'public, immutable');
  const stale = await api.call(url.replace(/\?.*/, ''));
  assert.equal(stale.headers['cache-control'], 'no-cache, private');
  assert.equal((await api.call(url, { headers: { 'if-none-match': `"${hash}"` } })).status, 304);
  const { files, server } = api;
  const packed = await httpsRequest({
    url: `${server.origin}${url}`,
    ca: files.ca,
    cert: files.adminCert,
    key: files.adminKey,
    headers: { 'accept-encoding': 'gzip' },
  });
  assert.equal(gunzipSync(packed.body).toString(), document.text);
});

test('OpenAPI carries what kubectl looks for', async (t) => {
  const api = await apiServerFor(t);
  const { json } = await api.call('/openapi/v3/apis/skupper.io/v2alpha1');
  const gvk = { group: 'skupper.io', version: 'v2alpha1', kind: 'Listener' };
  const path = '/apis/skupper.io/v2alpha1/namespaces/{namespace}/listeners';
  for (const operation of [json.paths[path].post, json.paths[`${path}/{name}`].patch]) {
    const names = operation.parameters.map((parameter: AnyJson) => parameter.name);
    assert.deepEqual(names, ['dryRun', 'fieldManager', 'fieldValidation']);
    assert.deepEqual(operation['x-kubernetes-group-version-kind'], gvk);
  }
  assert.equal(json.paths[`${path}/{name}`].patch['x-kubernetes-action'], 'patch');
  const schema = json.components.schemas['io.skupper.v2alpha1.Listener'];
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [gvk]);
  assert.equal(schema.properties.spec.properties.port.type, 'integer');
});

test('clients that know only OpenAPI v2 get a document without kinds', async (t) => {
  const api = await apiServerFor(t);
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const { status, text } = await api.call('/openapi/v2', { headers: { accept } });
  assert.deepEqual([status, text], [200, '\n\x032.0\x12\x0f\n\nDrawbridge\x12\x011']);
});

test('health and version are for everybody', async (t) => {
  const api = await apiServerFor(t);
  for (const path of ['/healthz', '/livez', '/readyz']) {
    const { status, text } = await api.call(path, { anonymous: true });
    assert.deepEqual([status, text], [200, 'ok']);
  }
  const { json } = await api.call('/version', { anonymous: true });
  assert.match(json.gitVersion, /^v1\.\d+\.0\+drawbridge/);
  assert.equal((await api.call('/apis', { anonymous: true })).status, 403);
});
