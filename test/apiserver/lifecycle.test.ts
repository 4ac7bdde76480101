import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };

async function create(
  api: TestApiServer,
  name: string,
  owners: { name: string; uid: string; block?: boolean }[] = [],
): Promise<{ name: string; uid: string }> {
  const ownerReferences = owners.map((owner) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner.name,
    uid: owner.uid,
    ...(owner.block ? { blockOwnerDeletion: true } : {}),
  }));
  const { json } = await api.call(maps, { body: { metadata: { name, ownerReferences } } });
  return { name, uid: json.metadata.uid };
}

const remove = (api: TestApiServer, name: string, propagationPolicy?: string) =>
  api.call(`${maps}/${name}`, {
    method: 'DELETE',
    ...(propagationPolicy ? { body: { kind: 'DeleteOptions', propagationPolicy } } : {}),
  });
const read = async (api: TestApiServer, name: string) => (await api.call(`${maps}/${name}`)).json;
const isGone = async (api: TestApiServer, name: string) =>
  (await api.call(`${maps}/${name}`)).status === 404;

test('children follow their owner, and theirs follow them', async (t) => {
  const api = await apiServerFor(t);
  const owner = await create(api, 'owner');
  const child = await create(api, 'child', [owner]);
  await create(api, 'grandchild', [child]);
  await create(api, 'stranger');
  await remove(api, 'owner');
  await until(() => isGone(api, 'grandchild'), 'the grandchild to go');
  assert.deepEqual([await isGone(api, 'child'), await isGone(api, 'stranger')], [true, false]);
});

test('a child with another owner stays and forgets the one that went', async (t) => {
  const api = await apiServerFor(t);
  const [a, b] = [await create(api, 'a'), await create(api, 'b')];
  await create(api, 'child', [a, b]);
  await remove(api, 'a');
  const left = await until(async () => {
    const owners = (await read(api, 'child')).metadata.ownerReferences;
    return owners.length === 1 && owners;
  }, 'the reference to go');
  assert.equal(left[0].uid, b.uid);
});

test('a child of an owner that never was is collected, of a kind not served is left', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'lost', [{ name: 'none', uid: 'none' }]);
  await until(() => isGone(api, 'lost'), 'the lost child to go');
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'p', uid: 'u' }];
  await api.call(maps, { body: { metadata: { name: 'foreign', ownerReferences } } });
  await create(api, 'lost', [{ name: 'none', uid: 'none' }]);
  await until(() => isGone(api, 'lost'), 'the next lost child to go');
  assert.equal(await isGone(api, 'foreign'), false);
});

test('orphaned children stay and forget their owner', async (t) => {
  const api = await apiServerFor(t);
  const owner = await create(api, 'owner');
  await create(api, 'child', [owner]);
  const answer = await remove(api, 'owner', 'Orphan');
  assert.deepEqual(answer.json.metadata.finalizers, ['orphan']);
  await until(() => isGone(api, 'owner'), 'the owner to go');
  assert.equal((await read(api, 'child')).metadata.ownerReferences, undefined);
});

test('a foreground delete waits for blocking children', async (t) => {
  const api = await apiServerFor(t);
  const owner = await create(api, 'owner');
  await create(api, 'child', [{ ...owner, block: true }]);
  await api.call(`${maps}/child`, {
    method: 'PATCH',
    headers: merge,
    body: { metadata: { finalizers: ['x.io/hold'] } },
  });
  const answer = await remove(api, 'owner', 'Foreground');
  assert.deepEqual(answer.json.metadata.finalizers, ['foregroundDeletion']);
  await until(
    async () => (await read(api, 'child')).metadata.deletionTimestamp,
    'the child to end',
  );
  assert.equal(await isGone(api, 'owner'), false);
  const body = { metadata: { finalizers: null } };
  await api.call(`${maps}/child`, { method: 'PATCH', headers: merge, body });
  await until(() => isGone(api, 'owner'), 'the owner to go');
});

test('a namespace empties itself, then goes; meanwhile nothing new fits in', async (t) => {
  const api = await apiServerFor(t);
  const created = await api.call('/api/v1/namespaces', { body: { metadata: { name: 'w' } } });
  assert.deepEqual(
    [created.json.status, created.json.spec, created.json.metadata.labels],
    [{ phase: 'Active' }, { finalizers: ['kubernetes'] }, { 'kubernetes.io/metadata.name': 'w' }],
  );
  const inside = '/api/v1/namespaces/w/configmaps';
  await api.call(inside, { body: { metadata: { name: 'free' } } });
  await api.call(inside, { body: { metadata: { name: 'held', finalizers: ['x.io/hold'] } } });
  const ending = await api.call('/api/v1/namespaces/w', { method: 'DELETE' });
  assert.equal(ending.json.status.phase, 'Terminating');
  await until(async () => (await api.call(`${inside}/free`)).status === 404, 'the free one to go');
  const late = await api.call(inside, { body: { metadata: { name: 'late' } } });
  assert.equal(late.status, 403);
  assert.deepEqual(late.json.details.causes, [
    {
      reason: 'NamespaceTerminating',
      message: 'namespace w is being terminated',
      field: 'metadata.namespace',
    },
  ]);
  assert.equal((await api.call('/api/v1/namespaces/w')).status, 200);
  const body = { metadata: { finalizers: null } };
  await api.call(`${inside}/held`, { method: 'PATCH', headers: merge, body });
  await until(async () => (await api.call('/api/v1/namespaces/w')).status === 404, 'the end of w');
});

test('what was left half done is finished after a restart', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-life-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const first = await apiServerFor(t, { directory });
  await first.call('/api/v1/namespaces', { body: { metadata: { name: 'w' } } });
  const held = { metadata: { name: 'held', finalizers: ['x.io/hold'] } };
  await first.call('/api/v1/namespaces/w/configmaps', { body: held });
  await first.call('/api/v1/namespaces/w', { method: 'DELETE' });
  const owner = await create(first, 'owner');
  await create(first, 'child', [owner]);
  const { json: before } = await first.call(`${maps}/child`);
  await first.server.stop({ graceMs: 0 });
  // The owner goes while no collector runs.
  const stored = first.store.get('configmaps', { namespace: 'default', name: 'owner' });
  await first.store.write({
    collection: 'configmaps',
    namespace: 'default',
    name: 'owner',
    expected: stored?.revision ?? 0,
    value: stored!.value,
    delete: true,
  });
  await first.store.stop({ graceMs: 0 });

  const second = await apiServerFor(t, { directory });
  assert.equal(before.metadata.ownerReferences[0].uid, owner.uid);
  await until(() => isGone(second, 'child'), 'the child to go');
  const body = { metadata: { finalizers: null } };
  const path = '/api/v1/namespaces/w/configmaps/held';
  await second.call(path, { method: 'PATCH', headers: merge, body });
  await until(
    async () => (await second.call('/api/v1/namespaces/w')).status === 404,
    'the end of w',
  );
});

test('the kubeconfig is private and has a context for each namespace', async (t) => {
  const api = await apiServerFor(t);
  const contexts = () =>
    readFileSync(api.kubeconfig, 'utf8').match(/- name: (drawbridge-\w+)/g) ?? [];
  assert.equal(statSync(api.kubeconfig).mode & 0o777, 0o600);
  assert.deepEqual(contexts(), []);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'west' } } });
  await until(() => contexts().length === 1, 'the context of west');
  await api.call('/api/v1/namespaces/west', { method: 'DELETE' });
  await until(() => contexts().length === 0, 'the context to go');
  assert.equal(statSync(api.kubeconfig).mode & 0o777, 0o600);
});
