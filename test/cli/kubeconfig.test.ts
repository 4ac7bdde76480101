/** Plain kubeconfigs are read without the library; everything else is left to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubeconfigText } from '#apiserver/index.ts';
import { plainConnection } from '../../src/cli/api/plain-kubeconfig.ts';

const server = 'https://127.0.0.1:6440';
const owner = { ca: 'CA', cert: 'CERT', key: 'KEY' };
const ours = kubeconfigText({ server, ...owner, namespaces: ['default', 'west'] });

test('the kubeconfig of up is plain, with the namespace of its context', () => {
  assert.deepEqual(plainConnection(ours, undefined), { server, ...owner, namespace: 'default' });
  assert.deepEqual(plainConnection(ours, 'drawbridge-west'), {
    server,
    ...owner,
    namespace: 'west',
  });
});

test('anything that asks for more, or is wrong, is not plain', () => {
  const config = (cluster: object, user: object): string =>
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'c', user }],
    });
  const cluster = { server, 'certificate-authority-data': 'Q0E=' };
  const user = { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' };
  assert.deepEqual(plainConnection(config(cluster, user), undefined), { server, ...owner });
  for (const text of [
    '',
    'a: [',
    '- a',
    config({ ...cluster, 'insecure-skip-tls-verify': true }, user),
    config({ ...cluster, 'tls-server-name': 'x' }, user),
    config({ ...cluster, 'proxy-url': 'http://x' }, user),
    config({ ...cluster, server: 'http://127.0.0.1' }, user),
    config({ server }, user),
    config(cluster, {}),
    config(cluster, { token: 'x' }),
    config(cluster, { ...user, exec: {} }),
    config(cluster, { 'client-certificate': '/file', 'client-key': '/file' }),
  ]) {
    assert.equal(plainConnection(text, undefined), undefined, text);
  }
  assert.equal(plainConnection(ours, 'absent'), undefined);
});
