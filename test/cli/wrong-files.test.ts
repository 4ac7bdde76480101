/**
 * Files that are no tokens, for every verb that reads one: exit code 1 or 2, what is wrong and what
 * to do in two lines, within a moment, and nothing has changed.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';
import { cli } from '../support/up-cli.ts';
import { temporaryFolder } from '../support/up-process.ts';

const token = {
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'AccessToken',
  metadata: { name: 't' },
  spec: { url: 'https://127.0.0.1:1/x', code: 'c', ca: 'x' },
};
const text = (value: unknown): string => JSON.stringify(value);
const withSpec = (spec: object): string => text({ ...token, spec: { ...token.spec, ...spec } });
const named = (name: unknown): string => text({ ...token, metadata: { name } });
const claim = (annotations: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'c', labels: { 'skupper.io/type': 'token-claim' }, annotations },
  data: { password: 'eA==', 'ca.crt': 'eA==' },
});
const deep = 10_000;

const files: readonly (readonly [what: string, content: string | Buffer])[] = [
  ['nothing', ''],
  ['white space', ' \n\t\n'],
  ['document marks alone', '---\n---\n'],
  [
    'random bytes',
    Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 73 + 41) % 256)),
  ],
  ['zero bytes', Buffer.alloc(1000)],
  ['half a UTF-16 file', Buffer.from(text(token), 'utf16le')],
  ['more than is read', `# ${'x'.repeat(300_000)}\n${text(token)}`],
  ['a page of a web server', '<!doctype html><html><body>404</body></html>'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ['a number', '42'],
  ['a list', '[1, 2, 3]'],
  ['broken YAML', 'a: [1, 2\nb: }'],
  ['tabs where YAML wants spaces', 'apiVersion: v1\n\tkind: Secret\n'],
  ['a YAML bomb', `a: &a [x,x,x,x,x,x,x,x]\n${bomb()}`],
  ['an alias', 'a: &a {b: 1}\nkind: *a\n'],
  ['a merge key', 'a: &a {b: 1}\nc: {<<: *a}\n'],
  ['a deep nest', `${'['.repeat(deep)}${']'.repeat(deep)}`],
  ['a tag', '!!js/function "function () { return 1 }"'],
  ['two tokens', `${text(token)}\n---\n${text({ ...token, metadata: { name: 'u' } })}`],
  ['a hundred documents', Array.from({ length: 100 }, () => text(token)).join('\n---\n')],
  ['another kind', text({ ...token, kind: 'AccessGrant' })],
  ['a kind as long as a book', text({ ...token, kind: 'K\u001B[31m'.repeat(2000) })],
  ['another version', text({ ...token, apiVersion: 'skupper.io/v1' })],
  ['a Pod', text({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })],
  ['a plain Secret', text({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: {} })],
  ['a claim without anything', text(claim({}))],
  ['a claim that is not encrypted on its way', text(claim({ 'skupper.io/url': 'http://h/x' }))],
  ['a claim whose place is no URL', text(claim({ 'skupper.io/url': '::' }))],
  ['a claim without a password', text({ ...claim({ 'skupper.io/url': 'https://h/x' }), data: {} })],
  [
    'a claim whose name is a path',
    text({ ...claim({}), metadata: { ...claim({}).metadata, name: '../x' } }),
  ],
  ['a claim whose label is a list', text({ ...claim({}), metadata: { name: 'c', labels: [1] } })],
  ['no metadata', text({ ...token, metadata: undefined })],
  ['no name', named('')],
  ['a name that is a path', named('../../etc/passwd')],
  ['a name that is a number', named(7)],
  ['a name in capitals', named('Token')],
  ['a name that is too long', named('a'.repeat(300))],
  ['no spec', text({ ...token, spec: undefined })],
  ['a spec that is a text', text({ ...token, spec: 'x' })],
  ['no code', withSpec({ code: undefined })],
  ['a code that is a number', withSpec({ code: 7 })],
  ['no CA', withSpec({ ca: '' })],
  ['no URL', withSpec({ url: null })],
  ['a URL without TLS', withSpec({ url: 'http://127.0.0.1/x' })],
  ['a URL that is none', withSpec({ url: 'h h' })],
];

function bomb(): string {
  const letters = 'abcdefghi';
  const line = (index: number): string => {
    const [before, own] = [letters[index - 1], letters[index]];
    return `${own}: &${own} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
  };
  return Array.from({ length: 8 }, (_, index) => line(index + 1)).join('\n');
}

const verbs = [
  ['token', 'redeem'],
  ['link', 'create'],
  ['token', 'status'],
] as const;

test('a file that is no token changes nothing', async (t) => {
  const api = await apiServerFor(t);
  const folder = await temporaryFolder(t);
  const at = ['--kubeconfig', api.kubeconfig, '-n', 'east'];
  const site = ['site', 'create', 'east', '--create-namespace', '--wait', 'none'];
  assert.equal((await cli([...at, ...site])).code, 0);
  const path = join(folder, 'file');
  const revision = async (): Promise<string> => {
    const { json } = await api.call('/apis/skupper.io/v2alpha1/accesstokens');
    const secrets = await api.call('/api/v1/namespaces/east/secrets');
    assert.deepEqual([json.items, secrets.json.items], [[], []]);
    return String(json.metadata.resourceVersion);
  };
  const before = await revision();
  for (const [what, content] of files) {
    await t.test(what, async () => {
      await writeFile(path, content);
      for (const verb of verbs) {
        const { code, stdout, stderr } = await cli([...at, ...verb, path]);
        const line = `${verb.join(' ')}: ${stderr}`;
        assert.ok(code === 1 || code === 2, line);
        assert.equal(stdout, '', line);
        assert.match(stderr, /^drawbridge: [^\n]+\ndrawbridge: [^\n]+\n$/, line);
        assert.ok(stderr.length < 1500, `${line.slice(0, 200)}…: ${stderr.length} characters`);
        assert.doesNotMatch(stderr, /\n\s+at |fault of drawbridge itself/, line);
        assert.doesNotMatch(stderr, /[^\P{Cc}\n]/u, 'control characters');
      }
      assert.equal(await revision(), before);
    });
  }
  for (const wrong of [folder, join(folder, 'absent'), '']) {
    await t.test(`the path "${wrong === '' ? '' : 'of nothing'}"`, async () => {
      for (const verb of verbs) {
        const { code, stderr } = await cli([...at, ...verb, wrong]);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /^drawbridge: [^\n]+\ndrawbridge: [^\n]+\n$/);
      }
    });
  }
});
