/** Backup, restore and a new key, as somebody at a terminal does them. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/up-cli.ts';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';

interface World {
  readonly root: string;
  readonly data: string;
  readonly api: TestApiServer;
}

async function world(t: TestContext): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'drawbridge-debug-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o700 });
  const api = await apiServerFor(t, { directory: data });
  const made = await api.call('/api/v1/namespaces/default/secrets', {
    body: { metadata: { name: 's' }, stringData: { p: 'hunter2' } },
  });
  assert.equal(made.status, 201, made.text);
  return { root, data, api };
}

test('a backup of a running server is restored elsewhere, with its Secrets and its key', async (t) => {
  const { root, data, api } = await world(t);
  const file = join(root, 'b.db');
  const backup = await cli(['debug', 'backup', file, '--data', data]);
  assert.equal(backup.code, 0, backup.stderr);
  assert.match(
    backup.stdout,
    /b\.db: \d+ objects at revision \d+\nsealed with key [0-9a-f]{16} from /,
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const there = join(root, 'there');
  const restore = (...more: string[]) => cli(['debug', 'restore', file, '--data', there, ...more]);
  const keyless = await restore();
  assert.equal(keyless.code, 1);
  assert.match(keyless.stderr, /sealed with key .*does not hold\n.*Put the copy of the key file/);
  assert.equal(existsSync(there), false);
  mkdirSync(there, { mode: 0o700 });
  copyFileSync(join(data, 'secrets.key'), join(there, 'secrets.key'));
  const restored = await restore('-o', 'json');
  assert.equal(restored.code, 0, restored.stderr);
  assert.ok((JSON.parse(restored.stdout) as { revision: number }).revision > api.store.revision);
  const again = await apiServerFor(t, { directory: there });
  const { json } = await again.call('/api/v1/namespaces/default/secrets/s');
  assert.equal(json.data.p, Buffer.from('hunter2').toString('base64'));
  const twice = await restore();
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /drawbridge\.db is there already\n.*Choose another place/);
});

test('the key of a running server stays; of a stopped one it is renewed', async (t) => {
  const { data, api } = await world(t);
  const busy = await cli(['debug', 'rotate-key', '--data', data]);
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /in use by another process/);
  await api.store.stop({ graceMs: 0 });
  const rotated = await cli(['debug', 'rotate-key', '--data', data]);
  assert.equal(rotated.code, 0, rotated.stderr);
  assert.match(rotated.stdout, /key [0-9a-f]{16} seals from now on.*\nno longer in the file: /);
  const again = await apiServerFor(t, { directory: data });
  const { json } = await again.call('/api/v1/namespaces/default/secrets/s');
  assert.equal(json.data.p, Buffer.from('hunter2').toString('base64'));
});

test('wrong usage is told at once', async () => {
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['backup'], /backup file name must not be empty/],
    [['backup', 'a', 'b'], /only one argument/],
    [['backup', 'a', '--data', ''], /--data is not valid: it is empty/],
    [['restore'], /backup file name must not be empty/],
    [['restore', 'x', '--key-file', ''], /--key-file is not valid/],
    [['rotate-key', 'now'], /does not need any arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await cli(['debug', ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, message);
  }
  const nothing = await cli(['debug', 'backup', '/tmp/never', '--data', '/nonexistent']);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /there is no \/nonexistent\/drawbridge\.db\n/);
});
