/** Acceptance lines that need nothing but `drawbridge up` and kubectl, and have no better place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectlSkip } from '../support/process-kubectl.ts';
import { waitUntil } from '../support/process-wait.ts';
import { upKubectl } from '../support/up-kubectl.ts';
import { startUp } from '../support/up-process.ts';
import { linkReady, linkWestAndEast, listOf, succeeded } from '../support/up-sites.ts';

test('what a linked site leaves and keeps', { skip: kubectlSkip }, async (t) => {
  const up = await startUp(t, {});
  await linkWestAndEast(up);
  const { run, read, becomes } = upKubectl(up);
  const [own] = await listOf(up, 'link', 'east');
  const name = own?.metadata.name ?? '';
  const config = '{.data.skrouterd\\.json}';

  await t.test('acceptance 18: the log level of a Site reaches the router', async () => {
    const spec = { settings: { 'router-logging': 'debug' } };
    const patch = ['patch', 'site', 'east', '-n', 'east', '--type', 'merge'];
    succeeded(await run(...patch, '-p', JSON.stringify({ spec })));
    await becomes(
      'east',
      'configmap/skupper-router',
      config,
      /"module": "DEFAULT",\s+"enable": "debug\+"/,
    );
    await linkReady(up);
  });

  await t.test('acceptance 97: `site update` keeps what is not named', async () => {
    succeeded(await up.cli('site', 'update', '-n', 'east'));
    const settings = await read('east', 'site/east', '{.spec.settings.router-logging}');
    assert.equal(settings, 'debug');
  });

  await t.test('acceptance 16: deleting a Site takes its Links and Secrets along', async () => {
    succeeded(await run('delete', 'site', 'east', '-n', 'east'));
    for (const object of [`link/${name}`, `secret/${name}`]) {
      await waitUntil(`the end of ${object}`, async () => {
        return (await run('get', object, '-n', 'east')).code !== 0;
      });
    }
    await becomes(
      'east',
      `accesstoken/${name}`,
      '{.status.redeemed} {.status.status} {.status.message}',
      'true Error Already redeemed for a deleted site',
    );
  });
});

test('acceptance 26: what a deleted Link needed goes', { skip: kubectlSkip }, async (t) => {
  const up = await startUp(t, {});
  await linkWestAndEast(up);
  const { run, read, becomes } = upKubectl(up);
  const [own] = await listOf(up, 'link', 'east');
  const name = own?.metadata.name ?? '';
  const config = '{.data.skrouterd\\.json}';
  const before = await read('east', 'configmap/skupper-router', config);
  assert.ok(before.includes(`"${name}-profile"`));
  succeeded(await run('delete', 'link', name, '-n', 'east'));
  await becomes(
    'east',
    'configmap/skupper-router',
    config,
    new RegExp(`^(?!.*${name})[^]*"amqps"`, 's'),
  );
});
