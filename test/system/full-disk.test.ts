/**
 * The disk of a machine fills up while a token is redeemed: of the one that joins, and of the one
 * that grants. What cannot be kept is not counted twice, and all goes on once there is room.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { accessGrant, type AccessToken, accessToken, link } from '#apis/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { noOrphans, redeemed } from '../support/orphans.ts';
import { hasOwnNetwork, testInOwnNetwork } from '../support/own-network.ts';
import { runProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp, type Up } from '../support/up-process.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

if (hasOwnNetwork) test('a full disk', walk);
else {
  testInOwnNetwork('a disk that fills up while sites are linked', import.meta.url, {
    ownMounts: true,
  });
}

/** One `up` whose data are on a small file system. */
interface Machine {
  readonly up: Up;
  readonly client: KubeClient;
  /** Leaves no room. */
  fill(): void;
  /** Gives the room back. */
  empty(): void;
}

async function walk(t: TestContext): Promise<void> {
  const west = await machine(t, 'west', '--enable-link-access');
  const east = await machine(t, 'east');
  const redeem = async (name: string, spec: object): Promise<void> => {
    await east.client.create(accessToken, {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'AccessToken',
      metadata: { namespace: 'east', name },
      spec: spec as NonNullable<AccessToken['spec']>,
    });
  };
  const token = async (name: string): Promise<NonNullable<AccessToken['status']>> =>
    (await east.client.get(accessToken, { namespace: 'east', name })).status ?? {};
  const countOf = async (name: string): Promise<number> =>
    (await west.client.get(accessGrant, { namespace: 'west', name })).status?.redemptions ?? 0;
  const whole = async (name: string): Promise<void> => {
    await linkReady(east.up, 'east');
    assert.equal((await token(name)).redeemed, true);
    await redeemed(west.client, { namespace: 'west', name }, 1);
    await noOrphans(west.client, ['west']);
    await noOrphans(east.client, ['east']);
    await east.client.remove(link, { namespace: 'east', name });
  };

  await t.test('what a person writes is refused with what to do', async () => {
    west.fill();
    const refused = await west.up.cli('listener', 'create', 'x', '8080', '-n', 'west');
    west.empty();
    assert.equal(refused.code, 1);
    const said = /the disk of the server is full, nothing was changed: free some space there/;
    assert.match(refused.stderr + refused.stdout, said);
    succeeded(await west.up.cli('listener', 'create', 'x', '8080', '-n', 'west'));
  });

  await t.test('the one that grants: nothing is handed out, and nothing counted', async () => {
    const spec = await newGrant(west.client, 'first');
    west.fill();
    await redeem('first', spec);
    await waitUntil('told', async () => {
      const { message = '' } = await token('first');
      return /503 .*cannot be joined now: look at its AccessGrant/.test(message);
    });
    assert.equal(await countOf('first'), 0);
    west.empty();
    await whole('first');
  });

  await t.test('the one that joins: what was handed out is asked for again, and kept', async () => {
    const spec = await newGrant(west.client, 'second');
    const real = Number(new URL(spec.url).port);
    // Nobody answers until the disk of the joiner is full.
    const proxy = await cuttingProxy(t, 1);
    await redeem('second', { ...spec, url: spec.url.replace(`:${real}/`, `:${proxy.port}/`) });
    await waitUntil('tried in vain', async () => (await token('second')).status === 'Error');
    east.fill();
    proxy.target = real;
    await waitUntil('counted', async () => (await countOf('second')) === 1);
    await waitUntil('the reason in the log', () =>
      /"accesstoken".*"east\/second".*the disk of the server is full/.test(east.up.process.stderr),
    );
    assert.deepEqual((await east.client.list(link, { namespace: 'east' })).items, []);
    east.empty();
    await whole('second');
  });
}

async function machine(t: TestContext, name: string, ...flags: readonly string[]) {
  const disk = mkdtempSync(join(tmpdir(), 'drawbridge-disk-'));
  succeeded(await runProcess('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]));
  t.after(async () => {
    await runProcess('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const up = await startUp(t, { data: join(disk, 'data') });
  const site = ['site', 'create', name, '-n', name, '--create-namespace'];
  succeeded(await up.cli(...site, ...flags));
  const ballast = join(disk, 'ballast');
  const own: Machine = {
    up,
    client: await clientOf(t, up),
    fill: () => {
      for (let size = 1 << 24; size >= 1; size >>= 1) {
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
        } catch {
          // No room for so much: less may still fit.
        }
      }
    },
    empty: () => rmSync(ballast),
  };
  return own;
}

/** A grant of one use, and what a token for it says. */
async function newGrant(client: KubeClient, name: string) {
  const key = { namespace: 'west', name };
  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: key,
    spec: {},
  });
  return waitUntil('the grant', async () => {
    const { status } = await client.get(accessGrant, key);
    const { url = '', code = '', ca = '' } = status ?? {};
    return status?.status === 'Ready' && { url, code, ca };
  });
}
