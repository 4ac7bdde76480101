/** What is sealed can't be read without its key, and not be moved or changed unnoticed. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { assert as holds, nat, property } from 'fast-check';
import { silentLogger } from '#base/log.ts';
import { openStore, rotateKey, type Store, type StoreError } from '#store/index.ts';
import { makeKeyFile } from '#store/sealing/key-file.ts';
import { systemClock } from '../support/system.ts';

interface Thing {
  readonly text: string;
}

const marker = 'the-very-secret-text';
const sealed = ['secrets'];

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-sealing-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function open(
  t: TestContext,
  directory: string,
  collections: readonly string[] = sealed,
): Promise<Store<Thing>> {
  const store = await openStore<Thing>(
    { clock: systemClock, logger: silentLogger, stamp: (value) => value },
    { directory, sealed: collections },
  );
  t.after(() => store.stop({ graceMs: 0 }));
  return store;
}

const put = (store: Store<Thing>, name: string, text: string, expected = 0) =>
  store.write({ collection: 'secrets', namespace: 'ns', name, expected, value: { text } });

const textOf = (store: Store<Thing>, name: string): string | undefined =>
  store.get('secrets', { namespace: 'ns', name })?.value.text;

const filesWith = (directory: string, text: string): string[] =>
  readdirSync(directory).filter((file) => readFileSync(join(directory, file)).includes(text));

const refused =
  (code: string, message: RegExp) =>
  (error: StoreError): boolean => {
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /the-very-secret/);
    return true;
  };

test('no file of the data directory holds a sealed text, and all of it reads as before', async (t) => {
  const directory = directoryFor(t);
  const store = await open(t, directory);
  const { revision } = await put(store, 'a', marker);
  await put(store, 'a', `${marker} 2`, revision);
  await store.write({
    collection: 'configmaps',
    namespace: 'ns',
    name: 'c',
    expected: 0,
    value: { text: 'plain-and-findable' },
  });
  assert.deepEqual(filesWith(directory, marker), []);
  assert.notDeepEqual(filesWith(directory, 'plain-and-findable'), []);
  assert.equal(statSync(join(directory, 'secrets.key')).mode & 0o777, 0o600);
  await store.stop({ graceMs: 0 });
  const again = await open(t, directory);
  assert.equal(textOf(again, 'a'), `${marker} 2`);
  const changes = again.changesAfter('secrets', 0, 10);
  assert.deepEqual(
    changes.map(({ value, previous }) => [value.text, previous?.text]),
    [
      [marker, undefined],
      [`${marker} 2`, marker],
    ],
  );
  assert.equal(again.listAt('secrets', 1).objects[0]?.value.text, marker);
});

test('a database from before sealing is sealed when it is opened, traces included', async (t) => {
  const directory = directoryFor(t);
  const plain = await open(t, directory, []);
  for (let n = 0; n < 700; n++) await put(plain, `s${n}`, `${marker} ${n}`);
  await plain.stop({ graceMs: 0 });
  assert.equal(existsSync(join(directory, 'secrets.key')), false);
  const old = new DatabaseSync(join(directory, 'drawbridge.db'));
  old.exec('DROP TABLE seal; PRAGMA user_version = 1');
  old.close();
  assert.deepEqual(filesWith(directory, marker), ['drawbridge.db']);
  const store = await open(t, directory);
  assert.deepEqual(filesWith(directory, marker), []);
  assert.equal(textOf(store, 's699'), `${marker} 699`);
  assert.equal(store.changesAfter('secrets', 0, 1000).at(-1)?.value.text, `${marker} 699`);
});

test('without the key nothing is opened, and the refusal says which one is missing', async (t) => {
  const directory = directoryFor(t);
  const keyPath = join(directory, 'secrets.key');
  const store = await open(t, directory);
  await put(store, 'a', marker);
  await store.stop({ graceMs: 0 });
  const key = readFileSync(keyPath);
  rmSync(keyPath);
  await assert.rejects(
    open(t, directory),
    refused('STORE_KEY_MISSING', /sealed with key [0-9a-f]{16}, and .*secrets\.key does not exist/),
  );
  assert.equal(existsSync(keyPath), false, 'no new key takes the place of the lost one');
  writeFileSync(keyPath, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  await assert.rejects(
    open(t, directory),
    refused('STORE_KEY_MISSING', /which .*secrets\.key does not hold/),
  );
  writeFileSync(keyPath, '# nothing\n');
  await assert.rejects(open(t, directory), refused('STORE_KEY_UNUSABLE', /holds no key/));
  writeFileSync(keyPath, '# fine\nnot a key\n');
  await assert.rejects(open(t, directory), refused('STORE_KEY_UNUSABLE', /line 2 is not a key/));
  writeFileSync(keyPath, key);
  chmodSync(keyPath, 0o644);
  await assert.rejects(open(t, directory), refused('STORE_KEY_UNUSABLE', /chmod 600/));
  chmodSync(keyPath, 0o600);
  assert.equal(textOf(await open(t, directory), 'a'), marker);
});

test('a new key seals everything again; the old one is dropped or kept as wished', async (t) => {
  const directory = directoryFor(t);
  const keyPath = join(directory, 'secrets.key');
  const copy = join(directory, 'old.db');
  const store = await open(t, directory);
  await put(store, 'a', marker);
  assert.throws(
    () => rotateKey({ directory, sealed, keepOld: false }),
    (error: StoreError) => error.code === 'STORE_IN_USE',
  );
  await store.stop({ graceMs: 0 });
  copyFileSync(join(directory, 'drawbridge.db'), copy);
  const first = rotateKey({ directory, sealed, keepOld: true });
  assert.equal(first.before.length, 1);
  const second = rotateKey({ directory, sealed, keepOld: false });
  assert.deepEqual(second.before, [first.keyId, ...first.before]);
  assert.equal(readFileSync(keyPath, 'utf8').match(/^[^#].*=$/gm)?.length, 1);
  const again = await open(t, directory);
  assert.equal(textOf(again, 'a'), marker);
  assert.equal(again.changesAfter('secrets', 0, 10)[0]?.value.text, marker);
  await again.stop({ graceMs: 0 });
  copyFileSync(copy, join(directory, 'drawbridge.db'));
  await assert.rejects(open(t, directory), refused('STORE_KEY_MISSING', /does not hold/));
});

test('a sealed object that was changed or moved on the disk is refused', async (t) => {
  const directory = directoryFor(t);
  const path = join(directory, 'drawbridge.db');
  const store = await open(t, directory);
  await put(store, 'a', marker);
  await put(store, 'b', 'other');
  await store.stop({ graceMs: 0 });
  const body = (() => {
    const database = new DatabaseSync(path);
    const row = database.prepare("SELECT body FROM obj WHERE name = 'a'").get();
    database.close();
    return row?.['body'] as Uint8Array;
  })();
  const plant = (bytes: Uint8Array): void => {
    const database = new DatabaseSync(path);
    database.prepare("UPDATE obj SET body = ? WHERE name = 'b'").run(bytes);
    database.close();
  };
  const readB = async (): Promise<string | undefined> => {
    const opened = await open(t, directory);
    try {
      return textOf(opened, 'b');
    } finally {
      await opened.stop({ graceMs: 0 });
    }
  };
  plant(body);
  await assert.rejects(readB(), refused('STORE_CORRUPT', /sealed object of secrets is damaged/));
  const damaged: Uint8Array[] = [];
  holds(
    property(nat(body.length - 1), nat(7), (at, bit) => {
      const changed = Uint8Array.from(body);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      damaged.push(changed);
    }),
    { numRuns: 20 },
  );
  damaged.push(body.subarray(0, 20), new Uint8Array(0));
  for (const bytes of damaged) {
    plant(bytes);
    await assert.rejects(readB(), (error: StoreError) =>
      ['STORE_CORRUPT', 'STORE_KEY_MISSING'].includes(error.code),
    );
  }
});

test('those who make the key of a folder together have the same one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-key-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'the.key');
  const first = makeKeyFile(path);
  const second = makeKeyFile(path);
  assert.deepEqual(
    second.map(({ id }) => id),
    first.map(({ id }) => id),
  );
  assert.deepEqual(readdirSync(folder), ['the.key']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.throws(() => makeKeyFile(join(folder, 'away', 'the.key')), /cannot write .*away/);
});
