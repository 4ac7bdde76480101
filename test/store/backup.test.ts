/** A backup taken while others write is one moment; a restored store never misleads a watch. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '#base/log.ts';
import { backUpStore, openStore, restoreStore, type Store, type StoreError } from '#store/index.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';

interface Thing {
  readonly count: number;
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-backup-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function open(t: TestContext, directory: string): Promise<Store<Thing>> {
  const store = await openStore<Thing>(
    { clock: systemClock, logger: silentLogger, stamp: (value) => value },
    { directory, sealed: ['secrets'] },
  );
  t.after(() => store.stop({ graceMs: 0 }));
  return store;
}

const put = (store: Store<Thing>, collection: string, name: string, count: number, expected = 0) =>
  store.write({ collection, namespace: 'ns', name, expected, value: { count } });

const coded =
  (code: string, message = /./) =>
  (error: StoreError): boolean => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };

test('a backup beside eight writers in another process is whole and of one moment', async (t) => {
  const root = directoryFor(t);
  const data = join(root, 'data');
  const program = fileURLToPath(new URL('../support/store-writer.process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, data, '8'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  try {
    for (const name of ['one', 'two', 'three']) {
      const before = text.length;
      await until(() => text.length > before + 5000, 'more writes', 30_000);
      const acknowledged = text
        .slice(0, text.lastIndexOf('\n'))
        .split('\n')
        .map((line) => JSON.parse(line) as { revision: number });
      const facts = backUpStore(data, join(root, name));
      assert.ok(facts.revision >= Math.max(...acknowledged.map(({ revision }) => revision)));
      assert.equal(statSync(facts.path).mode & 0o777, 0o600);
      const restored = join(root, `from-${name}`);
      restoreStore(facts.path, restored);
      const store = await open(t, restored);
      const counts = store.list('things').objects.map(({ value }) => value.count);
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        facts.revision,
        'every write up to the revision is in it, and none after it',
      );
    }
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
});

test('after a restore the counter is ahead of every client, and old revisions are gone', async (t) => {
  const root = directoryFor(t);
  const [data, backup] = [join(root, 'data'), join(root, 'backup')];
  const store = await open(t, data);
  const { revision } = await put(store, 'things', 'kept', 1);
  const facts = backUpStore(data, backup);
  assert.equal(facts.objects, 1);
  await put(store, 'things', 'lost', 1);
  await put(store, 'never-in-the-backup', 'lost', 1);
  const seen = store.revision;
  await store.stop({ graceMs: 0 });
  const there = join(root, 'there');
  const restored = restoreStore(backup, there, { keyPath: join(data, 'secrets.key') });
  copyFileSync(join(data, 'secrets.key'), join(there, 'secrets.key'));
  const again = await open(t, there);
  assert.ok(again.revision > seen);
  assert.equal(again.revision, restored.revision);
  assert.equal(again.get('things', { namespace: 'ns', name: 'kept' })?.revision, revision);
  for (const collection of ['things', 'never-in-the-backup', 'nothing']) {
    assert.throws(() => again.changesAfter(collection, seen, 10), coded('STORE_COMPACTED'));
    assert.throws(() => again.listAt(collection, seen), coded('STORE_COMPACTED'));
  }
  const next = await put(again, 'things', 'kept', 2, revision);
  assert.equal(next.revision, restored.revision + 1);
  assert.equal(again.changesAfter('things', restored.revision, 10).length, 1);
});

test('sealed contents stay sealed in a backup, and their key must be there to restore', async (t) => {
  const root = directoryFor(t);
  const [data, backup, there] = [join(root, 'data'), join(root, 'backup'), join(root, 'there')];
  const store = await open(t, data);
  await put(store, 'secrets', 's', 123_456_789);
  const facts = backUpStore(data, backup);
  assert.equal(readFileSync(backup).includes('123456789'), false);
  assert.equal(facts.keyIds.length, 1);
  const missing = coded('STORE_KEY_MISSING', /sealed with key [0-9a-f]{16}, which .*secrets\.key/);
  assert.throws(() => restoreStore(backup, there), missing);
  assert.equal(existsSync(there), false, 'nothing is made');
  mkdirSync(there, { mode: 0o700 });
  copyFileSync(join(data, 'secrets.key'), join(there, 'secrets.key'));
  restoreStore(backup, there);
  const again = await open(t, there);
  assert.equal(again.get('secrets', { namespace: 'ns', name: 's' })?.value.count, 123_456_789);
});

test('neither overwrites anything, and what is no backup is refused by name', async (t) => {
  const root = directoryFor(t);
  const [data, backup] = [join(root, 'data'), join(root, 'backup')];
  assert.throws(() => backUpStore(data, backup), coded('STORE_ABSENT', /there is no .*drawbridge/));
  const store = await open(t, data);
  await put(store, 'things', 'a', 1);
  writeFileSync(backup, 'precious');
  assert.throws(() => backUpStore(data, backup), coded('STORE_EXISTS'));
  assert.equal(readFileSync(backup, 'utf8'), 'precious');
  assert.throws(() => restoreStore(backup, join(root, 'x')), coded('STORE_CORRUPT'));
  assert.throws(() => restoreStore(join(root, 'none'), join(root, 'x')), coded('STORE_ABSENT'));
  const good = join(root, 'good');
  backUpStore(data, good);
  assert.throws(() => restoreStore(good, data), coded('STORE_EXISTS'));
  const cut = join(root, 'cut');
  writeFileSync(cut, readFileSync(good).subarray(0, 9000));
  assert.throws(() => restoreStore(cut, join(root, 'x')), coded('STORE_CORRUPT'));
  assert.throws(() => backUpStore(data, join(root, 'no', 'folder')), coded('STORE_IO'));
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes('.partial')),
    [],
  );
});
