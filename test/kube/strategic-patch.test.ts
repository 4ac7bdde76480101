import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  applyStrategicPatch,
  array,
  equalJson,
  object,
  service,
  serviceAccount,
  StatusError,
  string,
} from '#kube/index.ts';

const onService = (target: unknown, patch: unknown): unknown =>
  applyStrategicPatch(service.schema, target, patch);

const ports = (...list: unknown[]) => ({ spec: { ports: list } });

test('items with the same merge key merge, others are appended', () => {
  const target = ports({ port: 80, name: 'a' }, { port: 81, name: 'b' });
  const patch = ports({ port: 81, protocol: 'UDP' }, { port: 82, name: 'c' });
  assert.deepEqual(
    onService(target, patch),
    ports(
      { port: 80, name: 'a' },
      { port: 81, name: 'b', protocol: 'UDP' },
      { port: 82, name: 'c' },
    ),
  );
  assert.deepEqual(target, ports({ port: 80, name: 'a' }, { port: 81, name: 'b' }));
});

test('$patch: delete removes an item, $patch: replace the whole list', () => {
  const target = ports({ port: 80 }, { port: 81 });
  assert.deepEqual(onService(target, ports({ port: 80, $patch: 'delete' })), ports({ port: 81 }));
  assert.deepEqual(
    onService(target, ports({ $patch: 'replace' }, { port: 9 })),
    ports({ port: 9 }),
  );
});

test('$patch on an object replaces or deletes it', () => {
  const target = { spec: { selector: { a: '1' }, type: 'ClusterIP' } };
  assert.deepEqual(onService(target, { spec: { $patch: 'replace', type: 'NodePort' } }), {
    spec: { type: 'NodePort' },
  });
  assert.deepEqual(onService(target, { spec: { $patch: 'delete' } }), { spec: {} });
});

test('null removes, maps merge, atomic lists are replaced', () => {
  const target = {
    metadata: { labels: { a: '1', b: '2' } },
    spec: { selector: { x: '1' }, clusterIPs: ['a'] },
  };
  const patch = {
    metadata: { labels: { a: null, c: '3' } },
    spec: { selector: { y: '2' }, clusterIPs: ['b'] },
  };
  assert.deepEqual(onService(target, patch), {
    metadata: { labels: { b: '2', c: '3' } },
    spec: { selector: { x: '1', y: '2' }, clusterIPs: ['b'] },
  });
});

test('lists of texts that merge keep what is there, and lose what the directive names', () => {
  const target = { metadata: { finalizers: ['a/a', 'b/b'] } };
  assert.deepEqual(onService(target, { metadata: { finalizers: ['b/b', 'c/c'] } }), {
    metadata: { finalizers: ['a/a', 'b/b', 'c/c'] },
  });
  assert.deepEqual(
    onService(target, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/a'] } }),
    {
      metadata: { finalizers: ['b/b'] },
    },
  );
});

test('$setElementOrder orders named items and leaves the others between their old neighbours', () => {
  const target = ports({ port: 1 }, { port: 2 }, { port: 3 });
  const patch = {
    spec: {
      '$setElementOrder/ports': [{ port: 3 }, { port: 4 }, { port: 1 }],
      ports: [{ port: 4 }],
    },
  };
  assert.deepEqual(
    onService(target, patch),
    ports({ port: 2 }, { port: 3 }, { port: 4 }, { port: 1 }),
  );
});

test('$retainKeys drops the fields that it does not name', () => {
  const schema = object('d', { optional: { a: string('a'), b: string('b'), c: string('c') } });
  assert.deepEqual(
    applyStrategicPatch(schema, { a: '1', b: '2' }, { $retainKeys: ['b', 'c'], c: '3' }),
    {
      b: '2',
      c: '3',
    },
  );
});

test('an item without its merge key is a bad request', () => {
  const refused = (error: unknown) => error instanceof StatusError && error.httpStatus === 400;
  assert.throws(() => onService({}, ports({ name: 'x' })), refused);
  assert.throws(() => onService({}, ports('x')), refused);
  assert.throws(() => onService({}, { spec: { $patch: 'shuffle' } }), refused);
  assert.throws(() => onService({}, { spec: { '$setElementOrder/ports': 5 } }), refused);
  assert.throws(() => onService({}, []), refused);
});

test('owner references merge by uid and Secrets of an account by name', () => {
  const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'K', name: 'n', uid });
  assert.deepEqual(
    onService(
      { metadata: { ownerReferences: [owner('1')] } },
      { metadata: { ownerReferences: [owner('2')] } },
    ),
    { metadata: { ownerReferences: [owner('2'), owner('1')] } },
  );
  assert.deepEqual(
    applyStrategicPatch(
      serviceAccount.schema,
      { secrets: [{ name: 'a' }] },
      { secrets: [{ name: 'b' }] },
    ),
    { secrets: [{ name: 'b' }, { name: 'a' }] },
  );
});

test('a list without strategy is replaced', () => {
  const schema = object('d', { optional: { l: array('l', string('s')) } });
  assert.deepEqual(applyStrategicPatch(schema, { l: ['a'] }, { l: ['b'] }), { l: ['b'] });
});

interface Recorded {
  readonly target: unknown;
  readonly patch: unknown;
  readonly result: unknown;
}

const file = join(import.meta.dirname, '..', 'fixtures', 'kube-strategic-patch', 'answers.jsonl');

for (const [index, line] of readFileSync(file, 'utf8').trim().split('\n').entries()) {
  test(`the patch of line ${index + 1} gives what Kubernetes makes of it`, () => {
    const { target, patch, result } = JSON.parse(line) as Recorded;
    const own = onService(target, patch);
    assert.ok(equalJson(own, result), JSON.stringify(own));
  });
}
