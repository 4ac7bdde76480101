import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { ControllerError, LocalRuntime, type PlacementRequest } from '#controllers/index.ts';
import { RouterFiles } from '#controllers/local/router-files.ts';
import type { Service } from '#kube/index.ts';
import { InformerSet } from '#kubeclient/index.ts';
import { systemClock, systemRandom } from '../support/system.ts';

function newRuntime(t: TestContext, listenHost = '127.0.0.1'): LocalRuntime {
  const nobody = { list: () => assert.fail('no list'), watch: () => assert.fail('no watch') };
  const informers = new InformerSet({ client: nobody, random: systemRandom, log: silentLogger });
  const runtime = new LocalRuntime(
    { clock: systemClock, random: systemRandom, log: silentLogger, informers },
    {
      sitesDirectory: join(tmpdir(), 'drawbridge-no-sites'),
      listenHost,
      advertiseHost: 'host.example',
      routerCommand: ['false'],
      routerEnvironment: {},
    },
  );
  t.after(() => runtime.stop({ graceMs: 0 }));
  return runtime;
}

const request = (
  purpose: PlacementRequest['purpose'],
  ports: PlacementRequest['ports'],
  existing?: Service,
): PlacementRequest => ({ purpose, namespace: 'ns', name: 'svc', ports, existing });

const serviceWith = (spec: NonNullable<Service['spec']>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'svc', namespace: 'ns' },
  spec,
});

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('Services get loopback addresses of their own and keep them', async (t) => {
  const runtime = newRuntime(t);
  const ports = [{ name: 'p', port: 8080, fixed: true }];
  const first = await runtime.place(request('listener', ports));
  const second = await runtime.place(request('listener', ports));
  assert.match(first.clusterIP ?? '', /^127\./);
  assert.deepEqual(first.ports, [{ name: 'p', port: 8080, targetPort: 8080 }]);
  if (process.platform === 'linux') assert.notEqual(first.clusterIP, second.clusterIP);
  const existing = serviceWith({ clusterIP: first.clusterIP ?? '' });
  const again = await runtime.place(request('listener', ports, existing));
  assert.equal(again.clusterIP, first.clusterIP);
});

test('what other sites reach listens on the listen address, on a free port that stays', async (t) => {
  const runtime = newRuntime(t);
  const roles = [
    { name: 'inter-router', port: 55_671, fixed: false },
    { name: 'inter-network', port: 45_671, fixed: false },
  ];
  const placed = await runtime.place(request('access', roles));
  assert.equal(placed.clusterIP, '127.0.0.1');
  assert.deepEqual(
    placed.ports.map(({ name }) => name),
    ['inter-router'],
    'no port for a role that routers here do not serve',
  );
  const [chosen] = placed.ports;
  assert.ok(chosen !== undefined && chosen.port >= 20_000 && chosen.port <= 32_767);
  const existing = serviceWith({ clusterIP: '127.0.0.1', ports: [chosen] });
  const again = await runtime.place(request('access', roles, existing));
  assert.deepEqual(again, placed);
  const all = await newRuntime(t, '0.0.0.0').place(request('access', roles));
  assert.equal(all.clusterIP, 'None');
});

test('a chosen port that another program took meanwhile is given up', async (t) => {
  const port = await takenPort(t);
  const existing = serviceWith({ ports: [{ name: 'inter-router', port }] });
  const roles = [{ name: 'inter-router', port: 55_671, fixed: false }];
  const placed = await newRuntime(t).place(request('access', roles, existing));
  assert.notEqual(placed.ports[0]?.port, port);
});

test('a port that must be exactly this one is refused while it is taken', async (t) => {
  const port = await takenPort(t);
  const fixed = [{ name: 'inter-router', port, fixed: true }];
  await assert.rejects(newRuntime(t).place(request('access', fixed)), (thrown) => {
    assert.ok(thrown instanceof ControllerError);
    assert.equal(thrown.code, 'CONTROLLER_PORT_TAKEN');
    return true;
  });
});

test('routers bind what the Service says', (t) => {
  const runtime = newRuntime(t, '0.0.0.0');
  const ports = [{ name: 'p', port: 80, targetPort: 8080 }];
  assert.deepEqual(runtime.bindOf(serviceWith({ clusterIP: '127.1.2.3', ports }), 'p'), {
    host: '127.1.2.3',
    port: 8080,
  });
  assert.deepEqual(runtime.bindOf(serviceWith({ clusterIP: 'None', ports }), 'p'), {
    host: '0.0.0.0',
    port: 8080,
  });
  assert.equal(runtime.bindOf(serviceWith({ clusterIP: '127.1.2.3', ports }), 'other'), undefined);
  assert.equal(runtime.bindOf(serviceWith({ ports }), 'p'), undefined);
});

test('files of a router are private, whole, and gone when they are not needed', async (t) => {
  const sites = mkdtempSync(join(tmpdir(), 'drawbridge-files-'));
  t.after(() => rmSync(sites, { recursive: true, force: true }));
  const files = new RouterFiles(sites, { namespace: 'west', group: 'skupper-router' });
  const credentials = (profile: string) => ({
    profile,
    files: new Map([['tls.key' as const, Buffer.from(profile)]]),
  });
  await files.write('[]', [credentials('a'), credentials('b')], new Map([['p', 'word']]));
  assert.equal(readFileSync(files.credentialPath('a', 'tls.key'), 'utf8'), 'a');
  assert.equal(statSync(files.credentialPath('a', 'tls.key')).mode & 0o777, 0o600);
  assert.equal(statSync(files.configPath).mode & 0o777, 0o600);
  assert.equal(statSync(files.directory).mode & 0o777, 0o700);
  assert.equal(readFileSync(files.proxyPasswordPath('p'), 'utf8'), 'word');
  await files.write('[1]', [credentials('b')], new Map());
  assert.equal(readFileSync(files.configPath, 'utf8'), '[1]');
  assert.deepEqual(readdirSync(join(files.directory, 'certs')), ['b']);
  assert.deepEqual(readdirSync(join(files.directory, 'proxies')), []);
  assert.deepEqual(readdirSync(join(files.directory, 'certs', 'b')), ['tls.key']);
  await files.remove();
  assert.deepEqual(readdirSync(sites), []);
});
