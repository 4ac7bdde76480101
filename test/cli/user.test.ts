/** `user create` against a real API server. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { askAs } from '../support/api-identities.ts';
import { apiServerFor } from '../support/api-server.ts';
import { cli } from '../support/up-cli.ts';

test('a colleague comes in with the kubeconfig he was given, until it is taken back', async (t) => {
  const api = await apiServerFor(t);
  const file = join(api.directory, 'alice.kubeconfig');
  const at = ['--kubeconfig', api.kubeconfig];
  const made = await cli([
    'user',
    'create',
    'alice',
    '--group',
    'dev',
    '--file',
    file,
    '-n',
    'west',
    ...at,
  ]);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const config = parse(readFileSync(file, 'utf8'));
  assert.equal(config.contexts[0].context.namespace, 'west');
  const text = (name: string): string =>
    Buffer.from(config.users[0].user[name], 'base64').toString();
  const alice = { cert: text('client-certificate-data'), key: text('client-key-data') };
  const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { userInfo } = (await askAs(api, alice, self, { body: {} })).json.status;
  assert.deepEqual(
    [userInfo.username, userInfo.groups],
    ['alice', ['dev', 'system:authenticated']],
  );
  assert.equal((await askAs(api, alice, '/api/v1/namespaces')).status, 403);
  const serial = /--from-literal=([0-9A-F]+)=alice/u.exec(made.stdout)?.[1] ?? '';
  await api.call('/api/v1/namespaces/kube-system/configmaps', {
    body: { metadata: { name: 'drawbridge-revoked-users' }, data: { [serial]: 'alice' } },
  });
  assert.equal((await askAs(api, alice, self, { body: {} })).status, 401);
  const again = await cli(['user', 'create', 'alice', '--file', file, ...at]);
  assert.deepEqual([again.code, again.stderr.includes('exists already')], [2, true]);
});

test('names that would mean more than a user are refused, and so is a machine without keys', async (t) => {
  const api = await apiServerFor(t);
  const at = ['--kubeconfig', api.kubeconfig];
  const rows: readonly [readonly string[], RegExp][] = [
    [['system:admin'], /user name is not valid: "system:admin"/],
    [['alice', '--group', 'system:masters'], /--group is not valid: "system:masters"/],
    [['alice', '--lifetime', '9000h'], /duration must not be more than 8760h/],
    [['alice', '--lifetime', 'long'], /"long" is not a duration/],
    [['alice', '--file', join(api.directory, 'absent', 'x')], /ENOENT/],
    [['alice', 'bob'], /only one argument|too many arguments/],
  ];
  for (const [args, expected] of rows) {
    const { code, stderr } = await cli(['user', 'create', ...args, ...at]);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
  const lonely = join(api.directory, 'pki', 'kubeconfig');
  writeFileSync(lonely, readFileSync(api.kubeconfig));
  const file = join(api.directory, 'bob.kubeconfig');
  const { code, stderr } = await cli([
    'user',
    'create',
    'bob',
    '--file',
    file,
    '--kubeconfig',
    lonely,
  ]);
  assert.deepEqual([code, existsSync(file)], [1, false]);
  assert.match(stderr, /there is no pki\/ca.key beside/);
});
