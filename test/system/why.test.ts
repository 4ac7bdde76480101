/** `drawbridge why` beside real routers: nothing wrong, and what breaks while they run. */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Finished } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { startUp, type Up } from '../support/up-process.ts';
import {
  exposeInEast,
  freePort,
  linkReady,
  linkWestAndEast,
  startHello,
  succeeded,
} from '../support/up-sites.ts';

const create = ['site', 'create'];

/** Waits until the path ends as expected. */
async function why(
  up: Up,
  target: string,
  namespace: string,
  expected: RegExp,
  code: 0 | 1,
): Promise<void> {
  let last: Finished | undefined;
  await waitUntil(
    `why ${target} to say ${expected}`,
    async () => {
      last = await up.cli('why', target, '-n', namespace);
      return expected.test(last.stdout) && last.code === code;
    },
    { describe: () => JSON.stringify(last) },
  );
}

/** Two APIs, as on two machines: east has redeemed a token of west. */
async function twoApis(t: TestContext): Promise<readonly [west: Up, east: Up]> {
  const [west, east] = await Promise.all([startUp(t, {}), startUp(t, {})]);
  succeeded(
    await west.cli(...create, 'west', '-n', 'west', '--create-namespace', '--enable-link-access'),
  );
  succeeded(await east.cli(...create, 'east', '-n', 'east', '--create-namespace'));
  const written = join(west.home, 'token.yaml');
  succeeded(await west.cli('token', 'issue', written, '-n', 'west'));
  const carried = join(east.home, 'token.yaml');
  await copyFile(written, carried);
  succeeded(await east.cli('token', 'redeem', carried, '-n', 'east'));
  await linkReady(east);
  return [west, east];
}

async function linkName(up: Up): Promise<string> {
  const { items } = JSON.parse(
    succeeded(await up.cli('link', 'status', '-n', 'east', '-o', 'json')),
  ) as { items: { metadata: { name: string } }[] };
  return items[0]?.metadata.name ?? '';
}

test('nothing is wrong with two linked sites and their service', async (t) => {
  const up = await startUp(t, {});
  await linkWestAndEast(up);
  const hello = await startHello(t, 'hello');
  await exposeInEast(up, 'hello', hello.port);
  const name = await linkName(up);
  await why(up, `link/${name}`, 'east', /operational +up, to site west\n\nNo fault found/, 0);
  await why(up, `token/${name}`, 'east', /router +is connected\n[^]+No fault found/, 0);
  await why(up, 'listener/hello', 'east', /in site west\n[^]+accepts connections\n\nNo fault/, 0);
  await why(up, 'connector/hello', 'west', /in site east\n\nNo fault found/, 0);
  for (const site of ['west', 'east']) await why(up, `site/${site}`, site, /No fault found/, 0);
  const all = succeeded(await up.cli('why', '-n', 'east'));
  assert.match(all, /^site\/east +ok\nlink\/\S+ +ok\nlistener\/hello +ok\n\nNo fault found/m);

  const busy = await startHello(t, 'in the way');
  const at = [String(busy.port), '--host', '127.0.0.1', '-n', 'east', '--wait', 'none'];
  succeeded(await up.cli('listener', 'create', 'busy', ...at));
  const taken = new RegExp(`Cause: 127\\.0\\.0\\.1:${busy.port} is taken by another process`);
  await why(up, 'listener/busy', 'east', taken, 1);

  const gone = ['connector', 'update', 'hello', '--port', String(await freePort()), '-n', 'west'];
  succeeded(await up.cli(...gone));
  await why(up, 'connector/hello', 'west', /Cause: nothing listens at .+ the server is down/, 1);
  const ill = await up.cli('why', '-n', 'west');
  assert.equal(ill.code, 1);
  assert.match(ill.stdout, /^connector\/hello +FAULT +nothing listens at .+$/m);
  assert.match(ill.stdout, /^Begin with connector\/hello:\n {2}Start the server/m);
});

test('revoked by a site that cannot be asked, and then down', async (t) => {
  const [west, east] = await twoApis(t);
  const name = await linkName(east);
  await why(east, `link/${name}`, 'east', /No fault found/, 0);
  succeeded(await west.cli('revoke-access', '--site', 'east', '-n', 'west'));
  await why(east, `link/${name}`, 'east', /Cause: the other site's router hangs up on our cert/, 1);
  succeeded(await west.cli('revoke-access', '-n', 'west'));
  await why(east, `link/${name}`, 'east', /Cause: .*(issuer we trust|refuses our certificate)/, 1);
  assert.equal((await west.stop()).code, 0);
  await why(east, `link/${name}`, 'east', /Cause: nothing listens at .+ other site's router/, 1);
});
