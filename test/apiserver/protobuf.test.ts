/** Bodies as newer kubectl sends them, built by a separate encoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, nat, sample, tuple } from 'fast-check';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { entry, envelope, message } from '../support/protobuf-writer.ts';

const core = '/api/v1/namespaces/default';
const headers = {
  'content-type': 'application/vnd.kubernetes.protobuf',
  accept: 'application/vnd.kubernetes.protobuf,application/json',
};
/** Go writes the zero time as an empty message. */
const empty = Buffer.alloc(0);
const metadata = (name: string) =>
  message([1, name], [2, ''], [3, ''], [4, ''], [5, ''], [6, ''], [7, 0], [8, empty]);

const send = (api: TestApiServer, path: string, apiVersion: string, kind: string, raw: Buffer) =>
  api.call(path, { body: envelope(apiVersion, kind, raw), headers });

test('a namespace', async (t) => {
  const api = await apiServerFor(t);
  const raw = message([1, metadata('pb')], [2, empty], [3, message([1, ''])]);
  const { status, json } = await send(api, '/api/v1/namespaces', 'v1', 'Namespace', raw);
  assert.deepEqual([status, json.metadata.name, json.status.phase], [201, 'pb', 'Active']);
});

test('a secret and a config map, with bytes, empty values and odd keys', async (t) => {
  const api = await apiServerFor(t);
  const secret = message(
    [1, metadata('s')],
    [2, entry('p', Buffer.from([0, 255, 1]))],
    [2, entry('empty', empty)],
    [3, 'Opaque'],
    [5, false],
  );
  const { json } = await send(api, `${core}/secrets`, 'v1', 'Secret', secret);
  assert.deepEqual(
    [json.data, json.type, json.immutable],
    [{ p: 'AP8B', empty: '' }, 'Opaque', false],
  );
  const map = message([1, metadata('c')], [2, entry('constructor', 'x')], [2, entry('a', '')]);
  const made = await send(api, `${core}/configmaps`, 'v1', 'ConfigMap', map);
  assert.deepEqual(made.json.data, { constructor: 'x', a: '' });
  assert.equal(made.json.immutable, undefined, 'what was not sent is not there');
});

test('a service with numbers and names as target ports', async (t) => {
  const api = await apiServerFor(t);
  const number = message([1, 0], [2, 8080], [3, '']);
  const name = message([1, 1], [2, 0], [3, 'web']);
  const port = (label: string, value: number, target: Buffer) =>
    message([1, label], [2, 'TCP'], [3, value], [4, target], [5, 0]);
  const spec = message(
    [1, port('a', 80, number)],
    [1, port('b', 81, name)],
    [2, entry('app', 'x')],
    [3, ''],
    [4, 'ClusterIP'],
    [7, ''],
    [13, false],
  );
  const raw = message([1, metadata('svc')], [2, spec], [3, message([1, empty])]);
  const { status, json } = await send(api, `${core}/services`, 'v1', 'Service', raw);
  assert.equal(status, 201);
  assert.deepEqual(
    json.spec.ports.map((each: { targetPort: unknown }) => each.targetPort),
    [8080, 'web'],
  );
  assert.deepEqual(json.spec.selector, { app: 'x' });
});

test('a service account, a lease and an event', async (t) => {
  const api = await apiServerFor(t);
  const sa = message([1, metadata('bot')], [4, false]);
  const bot = await send(api, `${core}/serviceaccounts`, 'v1', 'ServiceAccount', sa);
  assert.equal(bot.json.automountServiceAccountToken, false, 'a pointer to false is kept');
  const time = message([1, 1_700_000_000], [2, 123_456_789]);
  const spec = message([1, 'me'], [2, 15], [4, time], [5, 0]);
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const raw = message([1, metadata('l')], [2, spec]);
  const lease = await send(api, leases, 'coordination.k8s.io/v1', 'Lease', raw);
  assert.deepEqual(lease.json.spec, {
    holderIdentity: 'me',
    leaseDurationSeconds: 15,
    renewTime: '2023-11-14T22:13:20.123456Z',
    leaseTransitions: 0,
  });
  const about = message([1, 'ConfigMap'], [2, 'default'], [3, 'c'], [5, 'v1']);
  const event = message(
    [1, metadata('e')],
    [2, about],
    [3, 'Why'],
    [4, 'text'],
    [5, message([1, 'test'], [2, ''])],
    [6, message([1, 1_700_000_000])],
    [7, empty],
    [8, 0],
    [9, 'Normal'],
  );
  const { json } = await send(api, `${core}/events`, 'v1', 'Event', event);
  assert.equal(json.firstTimestamp, '2023-11-14T22:13:20Z');
  assert.deepEqual(json.involvedObject, {
    kind: 'ConfigMap',
    namespace: 'default',
    name: 'c',
    apiVersion: 'v1',
  });
});

test('options of a delete', async (t) => {
  const api = await apiServerFor(t);
  await api.call(`${core}/configmaps`, { body: { metadata: { name: 'a' } } });
  const body = envelope('v1', 'DeleteOptions', message([4, 'Orphan']));
  const { json } = await api.call(`${core}/configmaps/a`, { method: 'DELETE', body, headers });
  assert.deepEqual(json.metadata.finalizers, ['orphan']);
});

test('kinds it cannot read and custom kinds are refused clearly', async (t) => {
  const api = await apiServerFor(t);
  const unknown = await send(api, `${core}/configmaps`, 'v1', 'Pod', message([1, metadata('p')]));
  assert.deepEqual([unknown.status, unknown.json.reason], [400, 'BadRequest']);
  const custom = '/apis/skupper.io/v2alpha1/namespaces/default/listeners';
  const refused = await send(api, custom, 'skupper.io/v2alpha1', 'Listener', empty);
  assert.deepEqual([refused.status, refused.json.reason], [415, 'UnsupportedMediaType']);
});

test('every truncation and every changed byte is answered, never with a fault of the server', async (t) => {
  const api = await apiServerFor(t);
  const raw = message([1, metadata('x')], [2, entry('a', 'b')], [4, true]);
  const good = envelope('v1', 'ConfigMap', raw);
  const path = `${core}/configmaps?dryRun=All`;
  const answerTo = async (body: Buffer): Promise<number> =>
    (await api.call(path, { body, headers })).status;
  assert.equal(await answerTo(good), 201);
  const bodies = Array.from(good.keys(), (length) => good.subarray(0, length));
  const changes = sample(tuple(nat(good.length - 1), integer({ min: 1, max: 255 })), 60);
  for (const [at, mask] of changes) {
    const body = Buffer.from(good);
    body.writeUInt8(body.readUInt8(at) ^ mask, at);
    bodies.push(body);
  }
  for (const body of bodies) {
    const status = await answerTo(body);
    assert.ok([201, 400, 404, 415, 422].includes(status), `${status} for ${body.toString('hex')}`);
  }
});

test('roles and bindings, with the core group as the empty text', async (t) => {
  const api = await apiServerFor(t);
  const rbac = 'rbac.authorization.k8s.io/v1';
  const rule = message([1, 'get'], [1, 'list'], [2, ''], [3, 'secrets'], [4, 'one']);
  const raw = message([1, metadata('r')], [2, rule]);
  const made = await send(api, `/apis/${rbac}/namespaces/default/roles`, rbac, 'Role', raw);
  assert.deepEqual(made.json.rules, [
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'], resourceNames: ['one'] },
  ]);
  const selector = message([1, entry('a', 'b')]);
  const sum = message([1, metadata('sum')], [3, message([1, selector])]);
  const role = await send(api, `/apis/${rbac}/clusterroles`, rbac, 'ClusterRole', sum);
  assert.deepEqual(role.json.aggregationRule, {
    clusterRoleSelectors: [{ matchLabels: { a: 'b' } }],
  });
  const subject = message([1, 'ServiceAccount'], [2, ''], [3, 'bot'], [4, 'default']);
  const reference = message([1, 'rbac.authorization.k8s.io'], [2, 'Role'], [3, 'r']);
  const binding = message([1, metadata('rb')], [2, subject], [3, reference]);
  const path = `/apis/${rbac}/namespaces/default/rolebindings`;
  const bound = await send(api, path, rbac, 'RoleBinding', binding);
  assert.equal(bound.status, 201, bound.text);
  assert.deepEqual(bound.json.subjects, [
    { kind: 'ServiceAccount', name: 'bot', namespace: 'default' },
  ]);
});
