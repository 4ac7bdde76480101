/** `drawbridge up --demo` as a newcomer meets it. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProcess } from '../support/process-runner.ts';
import { kubectlFor, kubectlSkip } from '../support/process-kubectl.ts';
import { survivorsSkip } from '../support/process-survivors.ts';
import {
  launcher,
  launchUp,
  noProcessLeft,
  startUp,
  temporaryFolder,
  type Up,
  urlsIn,
} from '../support/up-process.ts';
import { waitUntil } from '../support/process-wait.ts';
import { tableOf } from '../support/up-seed-000.ts';
import { linkReady, listOf, succeeded } from '../support/up-sites.ts';

async function urlOf(up: Up): Promise<string> {
  return waitUntil('a URL on standard output', () => urlsIn(up.process.stdout)[0], {
    describe: () => up.process.describe(),
  });
}

test('the demo links two sites and serves until it is told to stop', async (t) => {
  const up = await startUp(t, { demo: true });
  const folder = dirname(up.ready.kubeconfig);

  await t.test('the ready file tells where everything serves', () => {
    const { ready } = up;
    assert.deepEqual(Object.keys(ready).toSorted(), [
      'apiServer',
      'console',
      'gateway',
      'grantServer',
      'kubeconfig',
      'metrics',
      'pid',
    ]);
    assert.equal(ready.pid, up.process.pid);
    assert.match(ready.apiServer, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(ready.grantServer, /^https:\/\/127\.0\.0\.1:\d+/);
    assert.match(ready.metrics, /^http:\/\/127\.0\.0\.1:\d+/);
    assert.equal(statSync(ready.kubeconfig).mode & 0o777, 0o600);
  });

  await t.test('the link is Ready and the printed URL answers', async () => {
    await linkReady(up);
    const response = await fetch(await urlOf(up), { signal: AbortSignal.timeout(10_000) });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /hello/i);
  });

  await t.test('both sites know each other', async () => {
    for (const namespace of ['west', 'east']) {
      const site = await waitUntil('two sites in the network', async () => {
        const text = succeeded(await up.cli('site', 'status', '-o', 'json', '-n', namespace));
        const parsed = JSON.parse(text) as { status: { status: string; sitesInNetwork: number } };
        return parsed.status.sitesInNetwork === 2 && parsed;
      });
      assert.equal(site.status.status, 'Ready');
    }
  });

  await t.test('every step is an object that the command line shows', async () => {
    const links = await listOf(up, 'link', 'east');
    assert.equal(links[0]?.status?.remoteSiteName, 'west');
    const listeners = succeeded(await up.cli('listener', 'status', '-n', 'east'));
    assert.match(
      listeners,
      /^NAME +STATUS +ROUTING-KEY +HOST +PORT +MATCHING-CONNECTOR +MESSAGE$/m,
    );
    assert.match(listeners, /^\S+ +Ready .* true +OK$/m);
    const connectors = succeeded(await up.cli('connector', 'status', '-n', 'west'));
    assert.match(connectors, /^\S+ +Ready .* true +OK$/m);
  });

  await t.test('the command line finds the demo by itself', async () => {
    const found = await runProcess(launcher, ['site', 'status', '-n', 'east'], { env: up.env });
    assert.match(succeeded(found), /^east +Ready +OK$/m);
  });

  await t.test('kubectl shows every step', { skip: kubectlSkip }, async () => {
    const kubectl = kubectlFor(up.ready.kubeconfig);
    const get = async (namespace: string, kind: string): Promise<string[][]> =>
      tableOf(succeeded(await kubectl('get', kind, '-n', namespace)));
    assert.deepEqual((await get('west', 'accessgrants'))[0], [
      'NAME',
      'REDEMPTIONS ALLOWED',
      'REDEMPTIONS MADE',
      'EXPIRATION',
      'STATUS',
      'MESSAGE',
    ]);
    const [titles, token] = await get('east', 'accesstokens');
    assert.deepEqual(titles, ['NAME', 'URL', 'REDEEMED', 'STATUS', 'MESSAGE']);
    assert.deepEqual(token?.slice(2), ['true', 'Ready', 'OK']);
    assert.deepEqual((await get('east', 'link'))[1]?.slice(1), ['Ready', 'west', 'OK']);
    for (const [namespace, kind] of [
      ['west', 'site'],
      ['east', 'site'],
      ['west', 'connector'],
      ['east', 'listener'],
    ] as const) {
      const rows = await get(namespace, kind);
      assert.ok(rows[1]?.includes('Ready'), `${kind} in ${namespace}: ${JSON.stringify(rows)}`);
    }
  });

  await t.test('every command it prints works when pasted', { skip: kubectlSkip }, async () => {
    const [, shown = ''] = up.process.stdout.split('Paste into another terminal:\n');
    const lines = shown.split('\n').filter((line) => line.startsWith('  '));
    assert.ok(lines.length >= 6, shown);
    const script = ['set -eo pipefail', ...lines].join('\n');
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const pasted = await runProcess('bash', ['-c', `cd '${cwd}'\n${script}`], { env: up.env });
    assert.match(succeeded(pasted), /hello from west[^]*No fault found[^]*is revoked/);
    const why = await up.cli('why', 'link/token-to-west', '-n', 'east');
    assert.match(why.stdout, /Cause: the certificate of this link was revoked/);
  });

  await t.test('SIGTERM ends everything and leaves nothing', { skip: survivorsSkip }, async () => {
    const exit = await up.stop('SIGTERM');
    assert.deepEqual(exit, { code: 0, signal: null }, up.process.describe());
    await noProcessLeft(folder);
    assert.equal(existsSync(up.readyFile), false, 'the ready file is still there');
    assert.equal(existsSync(folder), false, `${folder} is still there`);
  });
});

test('Ctrl-C ends the demo with success and leaves nothing', { skip: survivorsSkip }, async (t) => {
  const up = await startUp(t, { demo: true });
  await urlOf(up);
  const folder = dirname(up.ready.kubeconfig);
  assert.deepEqual(await up.stop('SIGINT'), { code: 0, signal: null }, up.process.describe());
  await noProcessLeft(folder);
  assert.equal(existsSync(folder), false, `${folder} is still there`);
});

test('Ctrl-C during the start leaves nothing either', { skip: survivorsSkip }, async (t) => {
  const home = await temporaryFolder(t);
  const launched = await launchUp(t, { demo: true, home });
  await waitUntil('the first files', async () => (await readdir(home)).length > 0, {
    describe: () => launched.process.describe(),
  });
  const exit = await launched.process.stop('SIGINT');
  assert.notEqual(exit.signal, 'SIGKILL', launched.process.describe());
  await noProcessLeft(home);
  const left = (await readdir(home)).filter((name) => name.startsWith('drawbridge-demo-'));
  assert.deepEqual(left, []);
});
