/** A second start on the same data continues where the first one was. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProcess } from '../support/process-runner.ts';
import { launcher, noProcessLeft, startUp, temporaryFolder } from '../support/up-process.ts';
import { waitUntil } from '../support/process-wait.ts';
import {
  answers,
  exposeInEast,
  linkReady,
  linkWestAndEast,
  listOf,
  startHello,
  succeeded,
} from '../support/up-sites.ts';

test('acceptance 100: sites, link and services are back after a restart, without a new token', async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const hello = await startHello(t, 'still here');

  const first = await startUp(t, { data, home });
  await linkWestAndEast(first);
  const port = await exposeInEast(first, 'hello', hello.port);
  await answers(first, `http://127.0.0.1:${port}/`, 'still here');
  const before = await listOf(first, 'link', 'east');

  await t.test('a second up refuses the same data directory', async () => {
    const ports = ['--api-port=0', '--gateway-port=0', '--grant-port=0', '--metrics-port=0'];
    const second = await runProcess(launcher, ['up', '--data', data, ...ports], { env: first.env });
    assert.equal(second.code, 1, second.stderr);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /^drawbridge: .+\ndrawbridge: .+\n$/);
  });

  assert.equal((await first.stop()).code, 0, first.process.describe());
  await noProcessLeft(data);
  assert.ok(existsSync(join(data, 'drawbridge.db')), 'the database is gone');

  const second = await startUp(t, { data, home });
  await linkReady(second);
  await answers(second, `http://127.0.0.1:${port}/`, 'still here');
  const after = await listOf(second, 'link', 'east');
  assert.equal(after[0]?.metadata.uid, before[0]?.metadata.uid);

  await t.test('the command line finds the running up by itself', async () => {
    // The data directory is not the default one here, so it is made to look like it.
    const env = { ...second.env, XDG_DATA_HOME: join(home, 'xdg') };
    const link = `mkdir -p '${env.XDG_DATA_HOME}' && ln -sfn '${data}' '${env.XDG_DATA_HOME}/drawbridge'`;
    succeeded(await runProcess('sh', ['-c', link]));
    const found = await runProcess(launcher, ['site', 'status', '-n', 'west'], { env });
    assert.match(succeeded(found), /^west +Ready +OK$/m);
  });

  await t.test('a further site can still be linked', async () => {
    const token = join(home, 'second-token.yaml');
    const create = ['site', 'create', 'north', '-n', 'north', '--create-namespace'];
    succeeded(await second.cli(...create));
    succeeded(await second.cli('token', 'issue', token, '-n', 'west'));
    succeeded(await second.cli('token', 'redeem', token, '-n', 'north'));
    await linkReady(second, 'north');
    await waitUntil('three sites in the network', async () => {
      const text = succeeded(await second.cli('site', 'status', '-o', 'json', '-n', 'east'));
      return (
        (JSON.parse(text) as { status: { sitesInNetwork: number } }).status.sitesInNetwork === 3
      );
    });
  });
  assert.equal((await second.stop()).code, 0, second.process.describe());
  await noProcessLeft(data);
});
