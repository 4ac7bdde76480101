/** Documents that need no API: version and manifests. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { cli } from '../support/up-cli.ts';

const apiVersion = 'skupper.io/v2alpha1';

/** Command line and the manifest it prints. */
const manifests: readonly (readonly [string, unknown])[] = [
  ['site generate west', { apiVersion, kind: 'Site', metadata: { name: 'west' }, spec: {} }],
  [
    'site generate west --enable-link-access --enable-ha -n ns',
    {
      apiVersion,
      kind: 'Site',
      metadata: { name: 'west', namespace: 'ns' },
      spec: { linkAccess: 'default', ha: true },
    },
  ],
  [
    '-n ns site generate west --enable-link-access=true --link-access-type route --enable-ha=false',
    {
      apiVersion,
      kind: 'Site',
      metadata: { name: 'west', namespace: 'ns' },
      spec: { linkAccess: 'route' },
    },
  ],
  [
    'listener generate backend 8080',
    {
      apiVersion,
      kind: 'Listener',
      metadata: { name: 'backend' },
      spec: { routingKey: 'backend', host: 'backend', port: 8080, type: 'tcp' },
    },
  ],
  [
    'listener generate l 5432 --host 127.0.0.1 -r db --tls-credentials s',
    {
      apiVersion,
      kind: 'Listener',
      metadata: { name: 'l' },
      spec: { routingKey: 'db', host: '127.0.0.1', port: 5432, type: 'tcp', tlsCredentials: 's' },
    },
  ],
  [
    'connector generate backend 8080',
    {
      apiVersion,
      kind: 'Connector',
      metadata: { name: 'backend' },
      spec: { routingKey: 'backend', port: 8080, type: 'tcp', selector: 'app=backend' },
    },
  ],
  [
    'connector generate c 1 --selector a=b,c!=d --include-not-ready',
    {
      apiVersion,
      kind: 'Connector',
      metadata: { name: 'c' },
      spec: {
        routingKey: 'c',
        port: 1,
        type: 'tcp',
        selector: 'a=b,c!=d',
        includeNotReadyPods: true,
      },
    },
  ],
  [
    'connector generate c 1 --host h --tls-credentials s --use-client-cert --verify-hostname --expose-pods-by-name',
    {
      apiVersion,
      kind: 'Connector',
      metadata: { name: 'c' },
      spec: {
        routingKey: 'c',
        port: 1,
        type: 'tcp',
        host: 'h',
        tlsCredentials: 's',
        useClientCert: true,
        verifyHostname: true,
        exposePodsByName: true,
      },
    },
  ],
  [
    'listener generate l 1 --observer http2 --expose-pods-by-name=true',
    {
      apiVersion,
      kind: 'Listener',
      metadata: { name: 'l' },
      spec: {
        routingKey: 'l',
        host: 'l',
        port: 1,
        type: 'tcp',
        observer: 'http2',
        exposePodsByName: true,
      },
    },
  ],
  [
    'connector generate c 65535 --host ::1',
    {
      apiVersion,
      kind: 'Connector',
      metadata: { name: 'c' },
      spec: { routingKey: 'c', port: 65535, type: 'tcp', host: '::1' },
    },
  ],
];

describe('manifests', () => {
  for (const [line, expected] of manifests) {
    test(`${line} prints the manifest and nothing else, as YAML and as JSON`, async () => {
      const yaml = await cli(line.split(' '));
      assert.equal(yaml.code, 0, yaml.stderr);
      assert.equal(yaml.stderr, '');
      assert.deepEqual(parse(yaml.stdout), expected);
      const json = await cli([...line.split(' '), '-o', 'json']);
      assert.deepEqual(JSON.parse(json.stdout), expected);
    });
  }
});

test('version tells the version, in one line or as a document', async () => {
  assert.equal((await cli(['version'])).stdout, 'drawbridge 9.8.7\n');
  assert.equal((await cli(['--version'])).stdout, '9.8.7\n');
  const { version } = JSON.parse((await cli(['version', '-o', 'json'])).stdout) as {
    version: string;
  };
  assert.equal(version, '9.8.7');
});
