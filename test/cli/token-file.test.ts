/** Token files: private, whole, and checked when they are read. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  parseToken,
  readToken,
  renderToken,
  tokenManifest,
  writeToken,
} from '../../src/cli/api/token-file.ts';
import { CliError } from '../../src/cli/errors.ts';

const notes = {
  site: 'west',
  siteId: 'west-id',
  namespace: 'ns',
  uses: 2,
  expires: '2026-11-22T03:00:00Z',
};
const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const spec = { url: 'https://127.0.0.1:9090/uid', code: 'secret', ca, linkCost: 1 };
const token = tokenManifest('west-1', spec, notes);
const noStdin = { readStdin: async () => '' };

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'drawbridge-test-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('a token survives writing and reading, and tells people what it is', async (t) => {
  const path = join(await folder(t), 'token.yaml');
  await writeToken(path, renderToken(token, notes));
  const text = await readFile(path, 'utf8');
  assert.match(text, /^# Access token of site west\. .*2 times,\n# until 2026-11-22T03:00:00Z\./);
  assert.deepEqual(await readToken(path, noStdin), token);
  assert.deepEqual(token.metadata.annotations, {
    'drawbridge.dev/site': 'west',
    'skupper.io/generated-by': 'west-id',
    'drawbridge.dev/site-namespace': 'ns',
    'drawbridge.dev/redemptions-allowed': '2',
    'drawbridge.dev/expires': '2026-11-22T03:00:00Z',
  });
});

test('only the owner may read it, also when a wider file was there before', async (t) => {
  const path = join(await folder(t), 'token.yaml');
  await writeFile(path, 'old', { mode: 0o644 });
  await writeToken(path, renderToken(token, notes));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a failed write leaves nothing behind', async (t) => {
  const path = await folder(t);
  // The target is a folder, so the last step cannot succeed.
  await assert.rejects(writeToken(path, 'x'), (thrown) => {
    assert.ok(thrown instanceof CliError);
    assert.equal(thrown.code, 'CLI_FILE');
    return true;
  });
  const left = (await readdir(join(path, '..'))).filter((name) =>
    name.startsWith(`.${path.split('/').at(-1)}`),
  );
  assert.deepEqual(left, []);
});

test('JSON is read as well as YAML, and standard input as well as a file', async () => {
  const json = JSON.stringify(token);
  assert.deepEqual(parseToken(json, 'x'), token);
  assert.deepEqual(await readToken('-', { readStdin: async () => json }), token);
});

describe('what is no token is refused with the reason', () => {
  const yaml = renderToken(token, notes);
  const table: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /it is empty/],
    ['a comment', '# only this', /it is empty|it is not a manifest/],
    ['broken YAML', 'a: [', /Flow sequence/i],
    ['a list', '- a', /it is not a manifest/],
    ['another kind', 'apiVersion: v1\nkind: Secret', /it holds Secret of v1, not AccessToken/],
    ['two documents', `${yaml}---\n${yaml}`, /it holds 2 documents, not one/],
    ['no name', yaml.replace('name: west-1', 'other: x'), /metadata\.name is missing/],
    ['no code', yaml.replace('code: secret', 'other: x'), /spec\.code is missing/],
    ['an empty url', yaml.replace(/url: .*/, 'url: ""'), /spec\.url is missing/],
    [
      'a number as ca',
      JSON.stringify({ ...token, spec: { ...spec, ca: 5 } }),
      /spec\.ca is missing/,
    ],
    ['too much', `${yaml}#${'x'.repeat(300_000)}`, /more than 262144 bytes/],
    ['an alias bomb', `a: &a [x]\nb: [${'*a,'.repeat(50)}]`, /alias|not AccessToken/i],
  ];
  for (const [what, text, message] of table) {
    test(what, () => {
      assert.throws(
        () => parseToken(text, 'file.yaml'),
        (thrown) => {
          assert.ok(thrown instanceof CliError, String(thrown));
          assert.equal(thrown.code, 'CLI_FILE');
          assert.match(thrown.message, /^file\.yaml is not a token: /);
          assert.match(thrown.message, message);
          assert.doesNotMatch(thrown.message, /secret/);
          return true;
        },
      );
    });
  }
});

test('foreign annotations and labels do not travel with the token', () => {
  const strange = {
    ...token,
    metadata: {
      name: 'west-1',
      labels: { a: 'b' },
      annotations: { 'kubectl.kubernetes.io/x': 'y', 'drawbridge.dev/site': 'west' },
      ownerReferences: [{}],
    },
  };
  assert.deepEqual(parseToken(JSON.stringify(strange), 'x').metadata, {
    name: 'west-1',
    annotations: { 'drawbridge.dev/site': 'west' },
  });
});
