import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clusterConnections } from '#app/gateway-process/cluster-connections.ts';
import { directConnection } from '#kubeclient/index.ts';
import { temporaryFolder } from '../support/up-process.ts';

const local = directConnection({ server: 'https://127.0.0.1:1', ca: '', cert: '', key: '' });

test('a kubeconfig of no use ends the start by the name of its cluster, a missing token warns', async (t) => {
  const folder = await temporaryFolder(t);
  const told: unknown[] = [];
  const log = { warn: (message: string, facts?: object) => void told.push([message, facts]) };
  const all = (path: string) => clusterConnections(log, local, new Map([['east', path]]));
  const path = join(folder, 'east.kubeconfig');
  for (const [text, why] of [
    [undefined, /--cluster east=\S+: kubeconfig: ENOENT/],
    ['{}', /--cluster east=\S+: kubeconfig has no current context/],
  ] as const) {
    if (text !== undefined) writeFileSync(path, text);
    await assert.rejects(all(path), { code: 'APP_FILE_UNREADABLE', message: why });
  }
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://host:6440' } }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(path, JSON.stringify(config));
  assert.deepEqual([...(await all(path)).keys()], ['local', 'east']);
  assert.equal(told.length, 1);
  assert.match(JSON.stringify(told), /a cluster cannot be reached.*"cluster":"east".*token/);
  writeFileSync(join(folder, 'token'), 'there');
  await all(path);
  assert.equal(told.length, 1);
});
