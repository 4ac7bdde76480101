/** Listeners of several keys and TLS on services, with kubectl and curl through two routers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { curl, curlSkip } from '../support/process-curl.ts';
import { kubectlSkip } from '../support/process-kubectl.ts';
import { processesWith } from '../support/process-survivors.ts';
import { waitUntil } from '../support/process-wait.ts';
import { startHttps, testAuthority, type TlsTexts, tlsFolder } from '../support/service-tls.ts';
import { upKubectl } from '../support/up-kubectl.ts';
import { startUp, temporaryFolder, type Up } from '../support/up-process.ts';
import { freePort, linkWestAndEast, startHello, succeeded } from '../support/up-sites.ts';

const skip = kubectlSkip === false ? curlSkip : kubectlSkip;

const custom = (kind: string, namespace: string, name: string, spec: object): object => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind,
  metadata: { name, namespace },
  spec,
});

const connector = (name: string, port: number, spec: object = {}): object =>
  custom('Connector', 'west', name, { routingKey: name, host: '127.0.0.1', port, ...spec });

const secretOf = (namespace: string, name: string, texts: Partial<TlsTexts>): object => {
  const { ca, cert, key } = texts;
  const own = cert === undefined ? {} : { 'tls.crt': cert, 'tls.key': key };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: cert === undefined ? 'Opaque' : 'kubernetes.io/tls',
    stringData: { ...(ca === undefined ? {} : { 'ca.crt': ca }), ...own },
  };
};

/** Waits until curl, with a connection of its own, gets this text. */
async function gets(up: Up, expected: string, ...args: string[]): Promise<void> {
  await waitUntil(
    `curl ${args.join(' ')} to get "${expected}"`,
    async () => {
      const { stdout, stderr } = await curl(...args);
      assert.equal(stdout, expected, stderr);
      return true;
    },
    { deadlineMs: 30_000, describe: () => up.process.describe() },
  );
}

test('services of several keys, and with TLS', { skip }, async (t) => {
  const data = join(await temporaryFolder(t), 'data');
  const up = await startUp(t, { data });
  await linkWestAndEast(up);
  const { run, apply, read, becomes } = upKubectl(up);

  await t.test('acceptance 75: new connections go to the best key that is reachable', async () => {
    const [a, b, port] = [await startHello(t, 'a'), await startHello(t, 'b'), await freePort()];
    const url = `http://127.0.0.1:${port}/`;
    const strategy = { priority: { routingKeys: ['a', 'b'] } };
    await apply(custom('MultiKeyListener', 'east', 'any', { host: '127.0.0.1', port, strategy }));
    const of = 'multikeylistener/any';
    const keys = '{.status.strategy.priority.routingKeysReachable}';
    await becomes('east', of, '{.status.message}', 'No matching connectors');
    assert.equal(await read('east', of, '{.status.hasDestination}'), 'false');
    await apply(connector('b', b.port));
    await gets(up, 'b', url);
    await becomes('east', of, keys, '["b"]');
    await becomes('west', 'connector/b', '{.status.hasMatchingListener}', 'true');
    await apply(connector('a', a.port));
    await gets(up, 'a', url);
    await becomes('east', of, keys, '["a","b"]');
    await becomes('east', of, '{.status.conditions[?(@.type=="Ready")].status}', 'True');
    succeeded(await run('delete', 'connector', 'a', '-n', 'west'));
    await gets(up, 'b', url);
    await becomes('east', of, keys, '["b"]');
    await apply(connector('a', a.port));
    await gets(up, 'a', url);
    // Another order, and another port, without a break for other listeners.
    const other = await freePort();
    const spec = { host: '127.0.0.1', port: other, strategy: { priority: { routingKeys: ['b'] } } };
    await apply(custom('MultiKeyListener', 'east', 'any', spec));
    await gets(up, 'b', `http://127.0.0.1:${other}/`);
    await becomes('east', of, keys, '["b"]');
  });

  await t.test('acceptance 76: its strategy is one, and stays', async () => {
    const patch = (strategy: object) =>
      run(
        'patch',
        'multikeylistener',
        'any',
        '-n',
        'east',
        '--type',
        'merge',
        '-p',
        JSON.stringify({ spec: { strategy } }),
      );
    const weighted = { routingKeys: { a: 1 } };
    const changed = await patch({ priority: null, weighted });
    assert.match(changed.stderr, /strategy is immutable/);
    const both = await patch({ weighted });
    assert.match(both.stderr, /exactly one of the fields in \[priority weighted\] must be set/);
  });

  await t.test('its host is a Service, never one of the user', async () => {
    const service = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'east' },
      spec: { ports: [{ port: 8080 }] },
    });
    await apply(service('mine'));
    const before = await read('east', 'service/mine', '{.metadata.resourceVersion}');
    const strategy = { weighted: { routingKeys: { a: 1 } } };
    const at = (host: string) =>
      custom('MultiKeyListener', 'east', 'named', { host, port: 8080, strategy });
    await apply(at('mine'));
    const message = 'Service mine already exists in namespace';
    await becomes('east', 'multikeylistener/named', '{.status.message}', message);
    assert.equal(await read('east', 'service/mine', '{.metadata.resourceVersion}'), before);
    await apply(at('named'));
    await becomes('east', 'multikeylistener/named', '{.status.message}', 'OK');
    assert.equal(
      await read('east', 'service/named', '{.spec.ports[0].name}'),
      'multiaddress-named',
    );
    const address = await read('east', 'service/named', '{.spec.clusterIP}');
    await gets(up, 'a', `http://${address}:8080/`);
    const reachable = '{.status.strategy.weighted.routingKeysReachable}';
    assert.equal(await read('east', 'multikeylistener/named', reachable), '{"a":1}');
    succeeded(await run('delete', 'multikeylistener', 'named', '-n', 'east'));
    await waitUntil('the Service to go', async () => {
      return (await run('get', 'service', 'named', '-n', 'east')).code !== 0;
    });
  });

  const authority = await testAuthority('ours');
  const folder = tlsFolder(t);
  const trust = ['--cacert', folder.file('ours.crt', authority.ca)];
  const routerPid = (): number | undefined =>
    processesWith(join(data, 'sites', 'east', 'router.json'))[0]?.pid;

  await t.test(
    '66, 73, 85: TLS from the client to the server, both ends of it mutual',
    async () => {
      const texts = await authority.server('backend', ['127.0.0.1']);
      const https = await startHttps(t, texts, 'secured', { requestCert: true });
      const port = await freePort();
      const url = `https://127.0.0.1:${port}/`;
      await apply(
        connector('secure', https, {
          tlsCredentials: 'backend',
          useClientCert: true,
          verifyHostname: true,
        }),
        custom('MultiKeyListener', 'east', 'secure', {
          host: '127.0.0.1',
          port,
          strategy: { priority: { routingKeys: ['secure'] } },
          tlsCredentials: 'front',
          requireClientCert: true,
        }),
      );
      const missing = (name: string) => `TLS credentials secret "${name}" not found`;
      await becomes('west', 'connector/secure', '{.status.message}', missing('backend'));
      await becomes('east', 'multikeylistener/secure', '{.status.message}', missing('front'));
      const front = await authority.server('front', ['127.0.0.1']);
      await apply(
        secretOf('west', 'backend', await authority.client('west-router')),
        secretOf('east', 'front', front),
      );
      await becomes('west', 'connector/secure', '{.status.message}', 'OK');
      await becomes('east', 'multikeylistener/secure', '{.status.message}', 'OK');
      const { cert, key } = await authority.client('person');
      const own = ['--cert', folder.file('me.crt', cert), '--key', folder.file('me.key', key)];
      await gets(up, 'secured west-router', ...trust, ...own, url);
      const refused = await curl(...trust, url);
      assert.notEqual(refused.code, 0);
      assert.equal(refused.stdout, '');

      const pid = routerPid();
      assert.ok(pid !== undefined);
      const later = await testAuthority('later');
      await apply(
        secretOf('east', 'front', {
          ...(await later.server('front', ['127.0.0.1'])),
          ca: authority.ca,
        }),
      );
      const newTrust = ['--cacert', folder.file('later.crt', later.ca)];
      await gets(up, 'secured west-router', ...newTrust, ...own, url);
      assert.equal(routerPid(), pid, 'the router was not restarted');
      const context = String.raw`{.metadata.annotations.internal\.skupper\.io/tls-profile-context}`;
      const used = '[{"profileName":"front","ordinal":2}]';
      assert.equal(await read('east', 'secret/front', context), used);
      const profiles = await read(
        'west',
        'configmap/skupper-router',
        String.raw`{.data.skrouterd\.json}`,
      );
      assert.match(profiles, /backend\/tls\.key/);
    },
  );

  await t.test('a server that is not trusted is told, and heals with its CA', async () => {
    const https = await startHttps(t, await authority.server('backend', ['127.0.0.1']), 'secured');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    await apply(
      secretOf('west', 'trust', { ca: (await testAuthority('other')).ca }),
      connector('distrust', https, { tlsCredentials: 'trust' }),
      custom('Listener', 'east', 'distrust', { routingKey: 'distrust', host: '127.0.0.1', port }),
    );
    await becomes('west', 'connector/distrust', '{.status.message}', 'OK');
    assert.notEqual((await curl(url)).code, 0);
    const says = new RegExp(`^TLS to 127\\.0\\.0\\.1:${https} fails: .*certificate`);
    await becomes('west', 'connector/distrust', '{.status.message}', says);
    await becomes('west', 'connector/distrust', '{.status.status}', 'Error');
    const config = await read(
      'west',
      'configmap/skupper-router',
      String.raw`{.data.skrouterd\.json}`,
    );
    assert.match(config, /trust-profile\/ca\.crt/);
    assert.doesNotMatch(config, /trust-profile\/tls\.key/);
    await apply(secretOf('west', 'trust', { ca: authority.ca }));
    await gets(up, 'secured', url);
    await becomes('west', 'connector/distrust', '{.status.message}', 'OK');
  });

  assert.equal((await up.stop()).code, 0, up.process.describe());
});
