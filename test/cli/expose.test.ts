/** `expose` against the real API server, without controllers. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connector, listener } from '#apis/index.ts';
import { objectPath, type ResourceDefinition } from '#kube/index.ts';
import { apiServerFor } from '../support/api-server.ts';
import { cli, type CliOutcome } from '../support/up-cli.ts';

interface World {
  run(line: string): Promise<CliOutcome>;
  post(path: string, body: object): Promise<void>;
  /** The spec, or undefined when the object is not there. */
  spec(of: ResourceDefinition, name: string): Promise<unknown>;
}

async function world(t: TestContext): Promise<World> {
  const api = await apiServerFor(t);
  const post: World['post'] = async (path, body) => {
    const { status, text } = await api.call(path, { body });
    assert.equal(status, 201, text);
  };
  await post('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'ns' },
  });
  return {
    post,
    run: (line) => cli(['--kubeconfig', api.kubeconfig, '-n', 'ns', ...line.split(' ')]),
    spec: async (of, name) => {
      const { status, json } = await api.call(objectPath(of, { namespace: 'ns', name }));
      return status === 200 ? (json as { spec: unknown }).spec : undefined;
    },
  };
}

const said = ({ stderr }: CliOutcome): string => stderr.split('\n')[0] ?? '';

test('a host becomes a connector and a listener under the address', async (t) => {
  const w = await world(t);
  const line = 'expose host 127.0.0.1 --address web --port 8080 --target-port 8000 --wait none';
  assert.deepEqual(await w.run(line), {
    code: 0,
    stdout: 'host 127.0.0.1 exposed as web\n',
    stderr: '',
  });
  const common = { routingKey: 'web', type: 'tcp' };
  assert.deepEqual(await w.spec(connector, 'web'), { ...common, host: '127.0.0.1', port: 8000 });
  assert.deepEqual(await w.spec(listener, 'web'), { ...common, host: 'web', port: 8080 });
  const again = await w.run(line);
  assert.equal(again.code, 2);
  assert.match(said(again), /There is already a connector web created for namespace ns$/);
});

test('unexpose takes both back, and says when there is nothing', async (t) => {
  const w = await world(t);
  const line = 'expose host 127.0.0.1 --address web --port 8080 --wait none';
  assert.equal((await w.run(line)).code, 0);
  assert.deepEqual(await w.run('unexpose host/127.0.0.1 --address web'), {
    code: 0,
    stdout: 'web is not exposed any more\n',
    stderr: '',
  });
  assert.equal(await w.spec(connector, 'web'), undefined);
  assert.equal(await w.spec(listener, 'web'), undefined);
  const again = await w.run('unexpose deployment web');
  assert.equal(again.code, 1);
  assert.equal(said(again), 'drawbridge: "web" is not exposed in ns');
});

test('nothing is made unless both can be: a listener in the way, a Secret that is absent', async (t) => {
  const w = await world(t);
  assert.equal((await w.run('listener create web 80 --wait none')).code, 0);
  const taken = await w.run('expose host h --address web --port 80 --wait none');
  assert.match(said(taken), /There is already a listener web created for namespace ns$/);
  const trust = await w.run('expose host h --address db --port 80 --tls-trust ca --wait none');
  assert.match(said(trust), /--tls-trust is not valid: there is no Secret ca in namespace ns$/);
  for (const name of ['web', 'db']) assert.equal(await w.spec(connector, name), undefined);
  assert.equal(
    (await w.run('expose host h --address web --port 80 --no-listener --wait none')).code,
    0,
  );
});

test('a Service leads to its pods or to its address, and keeps its own name', async (t) => {
  const w = await world(t);
  const service = (name: string, spec: object): Promise<void> =>
    w.post('/api/v1/namespaces/ns/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { ports: [{ port: 80 }], ...spec },
    });
  await service('pods', { selector: { tier: 'api', app: 'b' } });
  await service('bare', { clusterIP: '127.9.9.9' });
  for (const [name, where] of [
    ['pods', { selector: 'app=b,tier=api' }],
    ['bare', { host: '127.9.9.9' }],
  ] as const) {
    const { code, stderr } = await w.run(`expose service ${name} --port 80 --wait none`);
    assert.equal(code, 0, stderr);
    const spec = { routingKey: name, type: 'tcp', port: 80, ...where };
    assert.deepEqual(await w.spec(connector, name), spec);
    assert.equal(await w.spec(listener, name), undefined);
  }
  assert.match(
    said(await w.run('expose service nosuch --port 80')),
    /there is no Service nosuch in ns$/,
  );
});

test('certificate and trust go to the listener and to the connector', async (t) => {
  const w = await world(t);
  for (const name of ['cert', 'ca']) {
    await w.post('/api/v1/namespaces/ns/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
    });
  }
  const line =
    'expose host h --address web --port 443 --tls-cert cert --tls-trust ca --wait none -o json';
  const { code, stdout, stderr } = await w.run(line);
  assert.equal(code, 0, stderr);
  const { items } = JSON.parse(stdout) as {
    items: { kind: string; spec: { tlsCredentials: string } }[];
  };
  assert.deepEqual(
    items.map(({ kind, spec }) => [kind, spec.tlsCredentials]),
    [
      ['Connector', 'ca'],
      ['Listener', 'cert'],
    ],
  );
});
