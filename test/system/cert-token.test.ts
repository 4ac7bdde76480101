/** A certificate handed out in a file is on record like those of grants, and can be revoked alone. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitUntil } from '../support/process-wait.ts';
import { startUp } from '../support/up-process.ts';
import { linkReady, listOf, succeeded } from '../support/up-sites.ts';

test('a cert token is on record, told by the site that uses it, and revoked alone', async (t) => {
  const up = await startUp(t, {});
  const site = (name: string, ...flags: readonly string[]) =>
    up.cli('site', 'create', name, '-n', name, '--create-namespace', ...flags);
  succeeded(await site('west', '--enable-link-access'));
  succeeded(await site('east'));
  const file = join(up.home, 'cert.yaml');
  succeeded(await up.cli('token', 'create', file, '-t', 'cert', '-n', 'west'));
  succeeded(await up.cli('link', 'create', file, '-n', 'east'));
  await linkReady(up, 'east');
  await waitUntil('who uses it', async () => {
    const incoming = succeeded(await up.cli('link', 'status', 'all', '-n', 'west'));
    assert.match(incoming, /^skupper-[0-9a-f]{20} +Ready +yes +east /m);
    return true;
  });
  const said = succeeded(await up.cli('revoke-access', '--site', 'east', '-n', 'west'));
  assert.match(said, /^Access of site "east" with skupper-\S+ is revoked: Refused by router west/);
  await waitUntil('the link is down', async () => {
    const [own] = await listOf(up, 'link', 'east');
    return own?.status?.status === 'Pending';
  });
});
