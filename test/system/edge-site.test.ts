/** An edge site beside an interior one, with kubectl: services both ways, restarts, wrong input. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { kubectlSkip } from '../support/process-kubectl.ts';
import { processesWith, survivorsSkip } from '../support/process-survivors.ts';
import { waitUntil } from '../support/process-wait.ts';
import { upKubectl } from '../support/up-kubectl.ts';
import { startUp, temporaryFolder } from '../support/up-process.ts';
import {
  answers,
  exposeInEast,
  freePort,
  linkReady,
  startHello,
  succeeded,
} from '../support/up-sites.ts';

const skip = kubectlSkip === false ? survivorsSkip : kubectlSkip;

test('a site of mode edge', { skip }, async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const up = await startUp(t, { data, home });
  const { apply, run, read, becomes } = upKubectl(up);
  const token = join(home, 'token.yaml');
  const west = ['site', 'create', 'west', '-n', 'west', '--create-namespace'];
  succeeded(await up.cli(...west, '--enable-link-access'));
  succeeded(await run('create', 'namespace', 'east'));
  await apply({
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    metadata: { name: 'east', namespace: 'east' },
    spec: { edge: true },
  });
  succeeded(await up.cli('token', 'issue', token, '-n', 'west'));
  succeeded(await up.cli('token', 'redeem', token, '-n', 'east'));
  await linkReady(up);
  const hello = await startHello(t, 'from the other side');
  const url = `http://127.0.0.1:${await exposeInEast(up, 'inner', hello.port)}/`;
  const back = await freePort();
  const backUrl = `http://127.0.0.1:${back}/`;

  await t.test('acceptance 25: its link uses the endpoint and the role edge', async () => {
    const link = '{.items[0].spec.endpoints[?(@.name=="edge")].port}';
    const port = await read('east', 'links', link);
    assert.match(port, /^\d+$/u);
    const config = '{.data.skrouterd\\.json}';
    const stdout = await read('east', 'configmap/skupper-router', config);
    const entities = JSON.parse(stdout) as [string, Record<string, string>][];
    const connector = entities.find(([type]) => type === 'connector')?.[1];
    assert.deepEqual([connector?.['role'], connector?.['port']], ['edge', port]);
    assert.equal(entities.find(([type]) => type === 'router')?.[1]['mode'], 'edge');
  });

  await t.test('services work both ways, and both sites know each other', async () => {
    await answers(up, url, 'from the other side');
    const connector = ['connector', 'create', 'outer', String(hello.port), '--host', '127.0.0.1'];
    const listener = ['listener', 'create', 'outer', String(back), '--host', '127.0.0.1'];
    succeeded(await up.cli(...connector, '-n', 'east'));
    succeeded(await up.cli(...listener, '-n', 'west', '--wait', 'ready'));
    await answers(up, backUrl, 'from the other side');
    for (const site of ['west', 'east']) {
      await becomes(site, `site/${site}`, '{.status.sitesInNetwork}', '2');
    }
    await becomes('east', 'link', '{.items[0].status.remoteSiteName}', 'west');
  });

  for (const site of ['west', 'east']) {
    await t.test(`killed, the router of ${site} comes back and so do the services`, async () => {
      const file = join(data, 'sites', site, 'router.json');
      const [before] = processesWith(file);
      assert.ok(before);
      process.kill(before.pid, 'SIGKILL');
      await waitUntil('another router', () => {
        const [now] = processesWith(file);
        return now !== undefined && now.pid !== before.pid;
      });
      await answers(up, url, 'from the other side');
      await answers(up, backUrl, 'from the other side');
      await linkReady(up);
    });
  }

  await t.test('acceptance 25: a link without such an endpoint says so', async () => {
    await apply({
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Link',
      metadata: { name: 'inner-only', namespace: 'east' },
      spec: { endpoints: [{ name: 'inter-router', host: '127.0.0.1', port: '55671' }] },
    });
    const message = '{.status.conditions[?(@.type=="Configured")].message}';
    await becomes('east', 'link/inner-only', message, 'Link has no endpoint named edge');
    succeeded(await run('delete', 'link', 'inner-only', '-n', 'east'));
  });

  await t.test('acceptance 34: it grants nothing', async () => {
    await apply({
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'AccessGrant',
      metadata: { name: 'grant', namespace: 'east' },
      spec: {},
    });
    const message = '{.status.conditions[?(@.type=="Processed")].message}';
    const refusal = 'Edge sites cannot accept incoming links from remote sites';
    await becomes('east', 'accessgrant/grant', message, refusal);
  });

  await t.test('made interior, it comes back in that mode', async () => {
    const patch = ['--type', 'merge', '-p', '{"spec":{"edge":false}}'];
    succeeded(await run('patch', 'site', 'east', '-n', 'east', ...patch));
    await answers(up, url, 'from the other side');
    await answers(up, backUrl, 'from the other side');
  });
});
