import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedRouter } from '#app/router-process/pod/wanted.ts';
import { credentialsDigest } from '#controllers/index.ts';
import type { ConfigMap, Secret } from '#kube/index.ts';

const configMap = (entities: unknown, digests: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'skupper-router',
    namespace: 'west',
    annotations: { 'drawbridge.dev/tls-digests': JSON.stringify(digests) },
  },
  data: { 'skrouterd.json': JSON.stringify(entities) },
});

const secretOf = (name: string, ca: string, uses?: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: {
    name,
    namespace: 'west',
    ...(uses === undefined
      ? {}
      : { annotations: { 'internal.skupper.io/tls-profile-context': uses } }),
  },
  data: { 'ca.crt': Buffer.from(ca).toString('base64') },
});

const profile = (name: string, caCertFile: string): unknown => ['sslProfile', { name, caCertFile }];
const certs = '/etc/skupper-router-certs';

test('files of profiles come from the Secret that feeds them', () => {
  const wanted = (secrets: readonly Secret[]): string | undefined => {
    const entities = [profile('x-profile', `${certs}/x-profile/ca.crt`)];
    const inputs = { configMap: configMap(entities), secrets, root: '/pod', variables: {} };
    const [found] = wantedRouter(inputs).profiles;
    return found?.files?.get('/pod/etc/skupper-router-certs/x-profile/ca.crt')?.toString();
  };
  assert.equal(wanted([]), undefined);
  assert.equal(wanted([secretOf('x', 'by name')]), 'by name');
  assert.equal(wanted([secretOf('x', 'by suffix'), secretOf('x-profile', 'whole')]), 'whole');
  const uses = JSON.stringify([{ profileName: 'x-profile', ordinal: 1 }]);
  assert.equal(wanted([secretOf('x-profile', 'no'), secretOf('y', 'said', uses)]), 'said');
  assert.equal(wanted([secretOf('x', 'kept', 'no JSON')]), 'kept');
});

test('a revision is not told of files of another revision', () => {
  const digest = credentialsDigest(new Map([['ca.crt', Buffer.from('new')]] as const));
  const has = (ca: string): boolean => {
    const entities = [profile('x', `${certs}/x/ca.crt`)];
    const inputs = { secrets: [secretOf('x', ca)], root: '/', variables: {} };
    const [found] = wantedRouter({
      ...inputs,
      configMap: configMap(entities, { x: digest }),
    }).profiles;
    return found?.files !== undefined;
  };
  assert.equal(has('old'), false);
  assert.equal(has('new'), true);
});

test('no path leads out of the root', () => {
  const entities = [profile('x', '/etc/../../../outside'), profile('y', '../y')];
  const secrets = [secretOf('x', 'x'), secretOf('y', 'y')];
  const inputs = { configMap: configMap(entities), secrets, root: '/pod', variables: {} };
  const paths = wantedRouter(inputs).profiles.flatMap(({ files }) => [...(files?.keys() ?? [])]);
  assert.deepEqual(paths, ['/pod/outside', '/pod/y']);
});

test('passwords of proxies are files too', () => {
  const password = 'file:/etc/skupper-router-proxies/p/password.txt';
  const entities = [['proxyProfile', { name: 'p', host: 'proxy', port: '3128', password }]];
  const stored: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'p', namespace: 'west' },
    data: { password: Buffer.from('hush').toString('base64') },
  };
  const inputs = { configMap: configMap(entities), root: '/', variables: {} };
  const [found] = wantedRouter({ ...inputs, secrets: [stored] }).profiles;
  assert.deepEqual(
    [...(found?.files ?? [])].map(([path, content]) => [path, content.toString()]),
    [['/etc/skupper-router-proxies/p/password.txt', 'hush']],
  );
  assert.equal(wantedRouter({ ...inputs, secrets: [] }).profiles[0]?.files, undefined);
});
