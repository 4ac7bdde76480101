/**
 * Faults in a real Kubernetes: pods' processes killed, the API server away, objects deleted under
 * way. After each the network is whole again by itself, and nothing is left that belongs to nobody.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { accessGrant, accessToken } from '#apis/index.ts';
import {
  answered,
  type Cluster,
  custom,
  podNames,
  podOf,
  startCluster,
  workload,
} from '../support/cluster-node/cluster-user.ts';
import type { PlayedPod } from '../support/cluster-node/played-kubelet.ts';
import { kubernetesSkip } from '../support/kubernetes.ts';
import { noOrphans, redeemed } from '../support/orphans.ts';
import { hasOwnNetwork, testInOwnNetwork } from '../support/own-network.ts';
import { waitUntil } from '../support/process-wait.ts';
import { succeeded } from '../support/up-sites.ts';

/** How long the API server is away. A leader gives up after 10 s; a minute is tried by hand. */
const awayMs = Number(process.env['API_AWAY_SECONDS'] ?? '12') * 1000;
const all = ['west', 'east', 'drawbridge-system'];

if (hasOwnNetwork) test('faults in a cluster', walk);
else {
  testInOwnNetwork('a network heals in a real Kubernetes', import.meta.url, {
    ownMounts: true,
    deadlineMs: 600_000,
    skip: kubernetesSkip,
  });
}

async function walk(t: TestContext): Promise<void> {
  const cluster = await startCluster(t);
  const { node, user } = cluster;
  const { client, kubelet } = node;
  const grant = await linked(cluster);
  await user.apply(
    workload('west', 'hello'),
    workload('east', 'asker'),
    custom('Connector', 'west', 'hello', { routingKey: 'k', selector: 'app=hello', port: 8080 }),
    custom('Listener', 'east', 'hello', { routingKey: 'k', host: 'hello', port: 80 }),
  );
  const from = await podOf(cluster, 'east', 'asker');
  const hello = podNames(cluster, 'west', 'hello', 1);
  const serves = (): Promise<void> => answered(cluster, from, 'http://hello/', hello);
  const whole = async (): Promise<void> => {
    await serves();
    await user.becomes('east', 'link', '{.items[*].status.status}', 'Ready');
    for (const [namespace, of] of ready) {
      await user.becomes(namespace, of, '{.status.status}', 'Ready');
    }
    await redeemed(client, grant, 1);
    await noOrphans(client, all);
  };
  await whole();
  const routers = (): readonly PlayedPod[] =>
    ['west', 'east'].flatMap((name) => kubelet.running(name, 'skupper-router-'));
  const controllers = (): readonly PlayedPod[] => kubelet.running('drawbridge-system', '');
  const killed: readonly [string, () => readonly PlayedPod[]][] = [
    ['both routers', routers],
    ['both controllers', controllers],
    ['routers and controllers at once', () => [...routers(), ...controllers()]],
  ];
  for (const [what, pods] of killed) {
    await t.test(`kill -9 of ${what}`, async () => {
      const victims = pods();
      const before = victims.map(({ restarts }) => restarts);
      for (const { process } of victims) process.signal('SIGKILL');
      await waitUntil('started again', () =>
        victims.every(({ restarts }, index) => restarts > (before[index] ?? 0)),
      );
      await whole();
    });
  }

  await t.test('a router pod is deleted, and another one takes its place', async () => {
    const [old] = kubelet.running('west', 'skupper-router-');
    succeeded(await user.run('delete', 'pod', old?.key.name ?? '', '-n', 'west'));
    await waitUntil('another pod', () => {
      const [now] = kubelet.running('west', 'skupper-router-');
      return now !== undefined && now.key.name !== old?.key.name;
    });
    await whole();
  });

  await t.test('the API server goes away while a token is redeemed, and comes back', async () => {
    const before = [...routers(), ...controllers()].map(({ process, restarts }) => ({
      process,
      restarts,
    }));
    const another = await newGrant(cluster, 'another');
    await client.create(accessToken, {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'AccessToken',
      metadata: { name: 'another', namespace: 'east' },
      spec: another.spec,
    });
    const again = await node.kubernetes.killApiServer();
    const until = performance.now() + awayMs;
    // All the while clients are served by routers that nobody controls.
    do await serves();
    while (performance.now() < until);
    await again();
    await user.becomes('east', 'accesstoken/another', '{.status.redeemed}', 'true');
    await redeemed(client, another.key, 1);
    succeeded(await user.run('delete', 'link/another', '-n', 'east'));
    await user.apply(
      custom('Listener', 'west', 'late', { routingKey: 'late', host: 'late', port: 80 }),
      custom('Connector', 'east', 'late', {
        routingKey: 'late',
        selector: 'app=asker',
        port: 8080,
      }),
    );
    const west = await podOf(cluster, 'west', 'hello');
    await answered(cluster, west, 'http://late/', podNames(cluster, 'east', 'asker', 1));
    await whole();
    const now = [...routers(), ...controllers()];
    for (const [index, { process }] of now.entries()) {
      assert.equal(process.pid, before[index]?.process.pid, process.describe());
    }
  });

  await t.test('the Secret of a link is deleted and comes back', async () => {
    const [name = ''] = (await user.read('east', 'link', '{.items[*].spec.tlsCredentials}')).split(
      ' ',
    );
    const kept = succeeded(await user.run('get', 'secret', name, '-n', 'east', '-o', 'json'));
    succeeded(await user.run('delete', 'secret', name, '-n', 'east'));
    await user.becomes('east', `link/${name}`, '{.status.message}', /secret ".*" not found/);
    const { metadata, ...secret } = JSON.parse(kept) as { metadata: Record<string, unknown> };
    const { ownerReferences, namespace } = metadata;
    await user.apply({ ...secret, metadata: { name, namespace, ownerReferences } });
    await whole();
  });

  await t.test('the listening site is deleted while linked: the other end tells', async () => {
    succeeded(await user.run('delete', 'site', 'west', '-n', 'west'));
    await waitUntil(
      'no router of it',
      () => kubelet.running('west', 'skupper-router-').length === 0,
      {
        // After an outage Kubernetes' own collector takes its time.
        deadlineMs: 120_000,
      },
    );
    await user.becomes('east', 'link', '{.items[*].status.message}', 'Not operational');
    await user.becomes('east', 'site/east', '{.status.sitesInNetwork}', '1');
    await user.becomes('east', 'listener/hello', '{.status.message}', 'No matching connectors');
    await noOrphans(client, all, 90_000);
  });
}

/** What has to be Ready when all is well. */
const ready: readonly [string, string][] = [
  ['west', 'site/west'],
  ['east', 'site/east'],
  ['west', 'connector/hello'],
  ['east', 'listener/hello'],
];

/** Sites west and east, east linked by a token of one use. @returns its grant */
async function linked(cluster: Cluster): Promise<{ namespace: string; name: string }> {
  const { node, user, cli, place } = cluster;
  for (const name of ['west', 'east']) {
    succeeded(await user.run('create', 'namespace', name));
    const spec = name === 'west' ? { linkAccess: 'default' } : {};
    await user.apply(custom('Site', name, name, spec));
  }
  for (const name of ['west', 'east']) {
    await user.becomes(name, `site/${name}`, '{.status.status}', 'Ready');
  }
  const token = join(place.home, 'token.yaml');
  succeeded(await cli('token', 'issue', token, '-n', 'west'));
  succeeded(await cli('token', 'redeem', token, '-n', 'east'));
  const [made] = (await node.client.list(accessGrant, { namespace: 'west' })).items;
  return { namespace: 'west', name: made?.metadata.name ?? '' };
}

/** A grant, and what a token for it says. */
async function newGrant({ node, user }: Cluster, name: string) {
  const key = { namespace: 'west', name };
  await user.apply(custom('AccessGrant', 'west', name, {}));
  await user.becomes('west', `accessgrant/${name}`, '{.status.status}', 'Ready');
  const { status } = await node.client.get(accessGrant, key);
  const { url = '', code = '', ca = '' } = status ?? {};
  return { key, spec: { url, code, ca } };
}
