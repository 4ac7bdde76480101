import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type Change, openStore, type Store, type StoreLimits } from '#store/index.ts';

interface Thing {
  readonly text: string;
  readonly rv?: number;
}

interface Opened {
  readonly store: Store<Thing>;
  readonly clock: { now: number };
}

async function open(
  t: TestContext,
  directory?: string,
  limits: Partial<StoreLimits> = {},
  ttlMs: Record<string, number> = {},
): Promise<Opened> {
  const clock = { now: 1_000_000 };
  const store = await openStore<Thing>(
    {
      clock: { nowMs: () => clock.now, monotonicMs: () => clock.now },
      logger: silentLogger,
      stamp: (value, rv) => ({ ...value, rv }),
    },
    { ...(directory === undefined ? {} : { directory }), limits, ttlMs },
  );
  t.after(() => store.stop({ graceMs: 0 }));
  return { store, clock };
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const put = (
  store: Store<Thing>,
  name: string,
  text: string,
  expected = 0,
  collection = 'things',
) => store.write({ collection, namespace: 'ns', name, expected, value: { text } });

const remove = (store: Store<Thing>, name: string, expected: number) =>
  store.write({
    collection: 'things',
    namespace: 'ns',
    name,
    expected,
    value: { text: 'last' },
    delete: true,
  });

const code = (expected: string) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === expected;

test('every write takes the next revision of one counter, deletes too', async (t) => {
  const { store } = await open(t);
  const a = await put(store, 'a', 'one');
  const b = await put(store, 'b', 'one', 0, 'others');
  const gone = await remove(store, 'a', a.revision);
  assert.deepEqual([a.revision, b.revision, gone.revision, store.revision], [1, 2, 3, 3]);
  assert.equal(gone.value.rv, 3);
  assert.equal(store.get('things', { namespace: 'ns', name: 'a' }), undefined);
  assert.deepEqual(store.collections(), ['others']);
});

test('of two writers that saw the same revision exactly one succeeds', async (t) => {
  const { store } = await open(t);
  const first = await put(store, 'a', 'one');
  const results = await Promise.allSettled([
    put(store, 'a', 'left', first.revision),
    put(store, 'a', 'right', first.revision),
    put(store, 'a', 'created', 0),
    remove(store, 'b', 0),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'rejected'],
  );
  assert.equal(store.get('things', { namespace: 'ns', name: 'a' })?.value.text, 'left');
  await assert.rejects(put(store, 'a', 'late', first.revision), code('STORE_CONFLICT'));
});

test('a chain of writes on one object may share a transaction', async (t) => {
  const { store } = await open(t);
  const all = await Promise.all([
    put(store, 'a', 'one', 0),
    put(store, 'a', 'two', 1),
    remove(store, 'a', 2),
    put(store, 'a', 'three', 0),
  ]);
  assert.deepEqual(
    all.map(({ revision }) => revision),
    [1, 2, 3, 4],
  );
  const types = store
    .changesAfter('things', 0, 10)
    .map(({ type, previous }) => [type, previous?.text]);
  assert.deepEqual(types, [
    ['added', undefined],
    ['modified', 'one'],
    ['deleted', 'two'],
    ['added', undefined],
  ]);
});

test('listeners see each change once, in order, before the writer is answered', async (t) => {
  const { store } = await open(t);
  const seen: Change<Thing>[] = [];
  const end = store.onChange('things', (change) => seen.push(change));
  const written = put(store, 'a', 'one').then(() => seen.length);
  assert.equal(await written, 1);
  await put(store, 'x', 'elsewhere', 0, 'others');
  await put(store, 'a', 'two', 1);
  end();
  await put(store, 'a', 'three', 3);
  assert.deepEqual(
    seen.map(({ revision, type, value, previous }) => [revision, type, value, previous]),
    [
      [1, 'added', { text: 'one', rv: 1 }, undefined],
      [3, 'modified', { text: 'two', rv: 3 }, { text: 'one', rv: 1 }],
    ],
  );
});

test('a listener that fails harms neither the writer nor the others', async (t) => {
  const { store } = await open(t);
  const seen: string[] = [];
  store.onChange('things', () => {
    throw new TypeError('broken');
  });
  store.onChange('things', ({ name }) => seen.push(name));
  assert.equal((await put(store, 'a', 'one')).revision, 1);
  assert.deepEqual(seen, ['a']);
});

test('lists come in key order, by namespace and in pages', async (t) => {
  const { store } = await open(t);
  for (const [namespace, name] of [
    ['b', 'x'],
    ['a', 'z'],
    ['a', 'y'],
    ['ab', 'q'],
  ] as const) {
    await store.write({ collection: 'c', namespace, name, expected: 0, value: { text: '' } });
  }
  const keys = (range: Parameters<typeof store.list>[1]) => {
    const { objects, remaining } = store.list('c', range);
    return [objects.map(({ namespace, name }) => `${namespace}/${name}`).join(' '), remaining];
  };
  assert.deepEqual(keys({}), ['a/y a/z ab/q b/x', 0]);
  assert.deepEqual(keys({ namespace: 'a' }), ['a/y a/z', 0]);
  assert.deepEqual(keys({ limit: 3 }), ['a/y a/z ab/q', 1]);
  assert.deepEqual(keys({ after: { namespace: 'a', name: 'y' }, limit: 1 }), ['a/z', 2]);
  assert.deepEqual(keys({ namespace: 'a', after: { namespace: 'a', name: 'yy' } }), ['a/z', 0]);
  assert.deepEqual(keys({ namespace: 'a', after: { namespace: 'b', name: 'x' } }), ['', 0]);
  assert.deepEqual(store.list('none').objects, []);
});

test('a list at a past revision shows what was there then, at every revision', async (t) => {
  const { store } = await open(t);
  const states: [number, string][] = [];
  const show = (revision: number) =>
    store
      .listAt('things', revision)
      .objects.map(({ name, value, revision: rv }) => `${name}=${value.text}@${rv}`)
      .join(' ');
  const remember = () => states.push([store.revision, show(store.revision)]);
  remember();
  for (const step of [
    () => put(store, 'a', '1'),
    () => put(store, 'c', '1'),
    () => put(store, 'a', '2', 1),
    () => remove(store, 'c', 2),
    () => put(store, 'b', '1'),
    () => put(store, 'c', '2'),
    () => remove(store, 'a', 3),
  ]) {
    await step();
    remember();
  }
  for (const [revision, state] of states) assert.equal(show(revision), state, `at ${revision}`);
  assert.equal(show(3), 'a=2@3 c=1@2');
  const page = store.listAt('things', 3, { limit: 1, after: { namespace: 'ns', name: 'a' } });
  assert.deepEqual([page.objects[0]?.name, page.remaining], ['c', 0]);
  assert.throws(() => store.listAt('things', 99), code('STORE_REVISION_FUTURE'));
});

test('what was acknowledged is there after opening again, the past too', async (t) => {
  const directory = directoryFor(t);
  const first = await open(t, directory);
  await put(first.store, 'a', 'one');
  await put(first.store, 'a', 'two', 1);
  await put(first.store, 'b', 'gone');
  await remove(first.store, 'b', 3);
  await first.store.stop({ graceMs: 0 });
  await assert.rejects(put(first.store, 'c', 'late'), code('STORE_CLOSED'));

  const { store } = await open(t, directory);
  assert.equal(store.revision, 4);
  assert.deepEqual(store.get('things', { namespace: 'ns', name: 'a' })?.value, {
    text: 'two',
    rv: 2,
  });
  assert.deepEqual(
    store.changesAfter('things', 1, 10).map(({ revision, type }) => [revision, type]),
    [
      [2, 'modified'],
      [3, 'added'],
      [4, 'deleted'],
    ],
  );
  assert.equal(store.listAt('things', 3).objects.length, 2);
  assert.equal((await put(store, 'c', 'next')).revision, 5);
});

test('a data directory has one owner and its files are private', async (t) => {
  const directory = directoryFor(t);
  const { store } = await open(t, directory);
  await assert.rejects(open(t, directory), code('STORE_IN_USE'));
  await put(store, 'a', 'secret');
  for (const file of ['drawbridge.db', 'drawbridge.db-wal', 'lock']) {
    assert.equal(statSync(join(directory, file)).mode & 0o077, 0, file);
  }
  await store.stop({ graceMs: 0 });
  await open(t, directory);
});

test('a newer format, a foreign database and rubbish are refused by name', async (t) => {
  const directory = directoryFor(t);
  const { store } = await open(t, directory);
  await store.stop({ graceMs: 0 });
  const path = join(directory, 'drawbridge.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await assert.rejects(open(t, directory), (error: Error) => {
    assert.match(error.message, /has format 99; this version knows formats up to 2/);
    return code('STORE_FORMAT_NEWER')(error);
  });
  const foreign = new DatabaseSync(path);
  foreign.exec('PRAGMA user_version = 1; PRAGMA application_id = 7');
  foreign.close();
  await assert.rejects(open(t, directory), code('STORE_CORRUPT'));
  writeFileSync(path, 'not a database at all, but long enough to be looked at '.repeat(40));
  await assert.rejects(open(t, directory), code('STORE_CORRUPT'));
});

test('a damaged page is found at the start, before anything is built upon it', async (t) => {
  const directory = directoryFor(t);
  const { store } = await open(t, directory);
  for (let n = 0; n < 5; n++) await put(store, `o${n}`, 'x'.repeat(2_000));
  await store.stop({ graceMs: 0 });
  const path = join(directory, 'drawbridge.db');
  const whole = readFileSync(path);
  const pageBytes = 4_096;
  for (let at = pageBytes; at < whole.length; at += pageBytes) {
    const damaged = Buffer.from(whole);
    damaged.fill(0x5a, at, at + pageBytes);
    writeFileSync(path, damaged);
    await assert.rejects(open(t, directory), code('STORE_CORRUPT'), `page at ${at}`);
  }
});

test('a full disk refuses the write, changes nothing and heals', async (t) => {
  const { store } = await open(t, undefined, { databaseBytesMax: 256 * 1024 });
  await put(store, 'a', 'small');
  await assert.rejects(put(store, 'big', 'x'.repeat(600_000)), code('STORE_DISK_FULL'));
  assert.equal(store.revision, 1);
  assert.equal(store.failure, undefined);
  assert.equal(store.get('things', { namespace: 'ns', name: 'big' }), undefined);
  assert.equal((await put(store, 'b', 'small')).revision, 2);
});

test('limits on waiting writes and on objects are kept', async (t) => {
  const { store } = await open(t, undefined, { pendingWritesMax: 2, objectsMax: 3 });
  const writes = ['a', 'b', 'c'].map((name) => put(store, name, ''));
  await assert.rejects(writes[2]!, code('STORE_OVERLOADED'));
  await Promise.all(writes.slice(0, 2));
  await put(store, 'd', '');
  await assert.rejects(put(store, 'e', ''), code('STORE_TOO_MANY_OBJECTS'));
  await remove(store, 'd', 3);
  await put(store, 'e', '');
});

test('contents beyond the memory budget are read back from the database', async (t) => {
  const { store } = await open(t, undefined, { cacheBytesMax: 100 });
  for (let index = 0; index < 20; index++) await put(store, `n${index}`, `text ${index}`);
  for (let index = 0; index < 20; index++) {
    const stored = store.get('things', { namespace: 'ns', name: `n${index}` });
    assert.deepEqual(stored?.value, { text: `text ${index}`, rv: index + 1 });
  }
});

test('compaction drops old rows beyond the minimum and remembers the floor by collection', async (t) => {
  const { store, clock } = await open(t, undefined, { logAgeMs: 1000, logRowsMin: 5 });
  await put(store, 'quiet', '', 0, 'quiet');
  for (let index = 0; index < 20; index++) await put(store, `n${index}`, '');
  await store.sweep();
  assert.equal(store.changesAfter('things', 1, 100).length, 20, 'young rows stay');
  clock.now += 5000;
  await store.sweep();
  assert.throws(() => store.changesAfter('things', 1, 100), code('STORE_COMPACTED'));
  assert.throws(() => store.listAt('things', 10), code('STORE_COMPACTED'));
  assert.equal(store.changesAfter('things', 16, 100).length, 5);
  const quiet = store.changesAfter('quiet', 0, 100).map(({ name }) => name);
  assert.deepEqual(quiet, ['quiet'], 'a quiet collection keeps its few rows');
  for (let index = 0; index < 6; index++) await put(store, `q${index}`, '', 0, 'quiet');
  clock.now += 5000;
  await store.sweep();
  assert.throws(() => store.changesAfter('quiet', 0, 100), code('STORE_COMPACTED'));
  assert.equal(store.changesAfter('quiet', 22, 100).length, 5);
});

test('the log never grows beyond its maximum, however young', async (t) => {
  const { store } = await open(t, undefined, { logRowsMin: 2, logRowsMax: 10 });
  for (let index = 0; index < 30; index++) await put(store, `n${index}`, '');
  await store.sweep();
  assert.equal(store.changesAfter('things', 20, 100).length, 10);
  assert.throws(() => store.changesAfter('things', 19, 100), code('STORE_COMPACTED'));
});

test('a collection that changes all the time does not push out the past of the others', async (t) => {
  const { store } = await open(t, undefined, { logRowsMin: 2, logRowsMax: 10 });
  for (let index = 0; index < 4; index++) await put(store, `q${index}`, '', 0, 'quiet');
  for (let index = 0; index < 30; index++) await put(store, `n${index}`, '');
  await store.sweep();
  assert.equal(store.changesAfter('quiet', 0, 100).length, 4);
  assert.throws(() => store.changesAfter('things', 27, 100), code('STORE_COMPACTED'));
  assert.equal(store.changesAfter('things', 28, 100).length, 6);
});

test('objects of a collection with a time to live go when it is over', async (t) => {
  const { store, clock } = await open(t, undefined, {}, { things: 1000 });
  await put(store, 'old', '');
  await put(store, 'other', '', 0, 'others');
  clock.now += 900;
  await put(store, 'young', '');
  clock.now += 200;
  const seen: string[] = [];
  store.onAnyChange(({ type, name }) => seen.push(`${type} ${name}`));
  await store.sweep();
  assert.deepEqual(seen, ['deleted old']);
  assert.equal(store.count('things'), 1);
  assert.equal(store.count('others'), 1);
});
