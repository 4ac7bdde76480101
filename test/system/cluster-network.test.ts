/**
 * A network in a real Kubernetes, from `drawbridge install` to nothing left: controllers and routers
 * run as their pods would, with the rights of their accounts; kubectl and curl are the user's.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  answered,
  type Cluster,
  clusterKubectl,
  custom,
  podNames,
  podOf,
  startCluster,
  told,
  workload,
} from '../support/cluster-node/cluster-user.ts';
import { kubernetesSkip } from '../support/kubernetes.ts';
import { noOrphans, redeemed } from '../support/orphans.ts';
import { hasOwnNetwork, testInOwnNetwork } from '../support/own-network.ts';
import { waitUntil } from '../support/process-wait.ts';
import { walkSeed000 } from '../support/up-seed-000.ts';
import { succeeded } from '../support/up-sites.ts';

if (hasOwnNetwork) test('a network in a cluster', walk);
else {
  testInOwnNetwork('sites, links and services in a real Kubernetes', import.meta.url, {
    ownMounts: true,
    deadlineMs: 600_000,
    skip: kubernetesSkip,
  });
}

async function walk(t: TestContext): Promise<void> {
  const cluster = await startCluster(t);
  const { node, user } = cluster;
  const names = (namespace: string, app: string, count: number) =>
    podNames(cluster, namespace, app, count);

  await t.test('sites link as seed 000 says', async () => {
    await told(node, () => walkSeed000(cluster.place, clusterKubectl));
    await redeemed(node.client, { namespace: 'west', name: 'grant-west' }, 1);
  });

  await user.apply(workload('west', 'hello', 2), workload('east', 'hallo'));
  const west = await podOf(cluster, 'west', 'hello');
  const east = await podOf(cluster, 'east', 'hallo');

  await t.test('acceptance 59, 60, 70: services flow both ways, to every ready pod', async () => {
    const hello = { routingKey: 'hello', port: 8080 };
    const hallo = { routingKey: 'hallo', port: 8080 };
    await user.apply(
      custom('Listener', 'east', 'hello', { ...hello, host: 'hello', port: 80 }),
      custom('Listener', 'west', 'hallo', { ...hallo, host: 'hallo-east', port: 81 }),
    );
    await user.becomes('east', 'listener/hello', '{.status.message}', 'No matching connectors');
    await user.apply(
      custom('Connector', 'west', 'hello', { ...hello, selector: 'app=hello' }),
      custom('Connector', 'east', 'hallo', { ...hallo, selector: 'app=hallo' }),
    );
    await user.becomes('east', 'listener/hello', '{.status.hasMatchingConnector}', 'true');
    await user.becomes('west', 'connector/hello', '{.status.hasMatchingListener}', 'true');
    await user.becomes('east', 'listener/hello', '{.status.status}', 'Ready');
    await answered(cluster, east, 'http://hello/', names('west', 'hello', 2));
    await answered(cluster, west, 'http://hallo-east:81/', names('east', 'hallo', 1));

    succeeded(await user.run('scale', 'deployment/hello', '-n', 'west', '--replicas=3'));
    await answered(cluster, east, 'http://hello/', names('west', 'hello', 3));
  });

  await t.test('acceptance 74: each pod has a Service of its name on the other side', async () => {
    const pods = { routingKey: 'pods', port: 8080, exposePodsByName: true };
    await user.apply(
      custom('Connector', 'west', 'pods', { ...pods, selector: 'app=hello' }),
      custom('Listener', 'east', 'pods', { ...pods, host: 'pods' }),
    );
    const all = await waitUntil('three pods', names('west', 'hello', 3));
    for (const name of all) {
      await user.becomes('east', `service/${name}`, '{.spec.ports[0].port}', '8080');
      await answered(cluster, east, `http://${name}:8080/`, () => [name]);
    }
    succeeded(await user.run('scale', 'deployment/hello', '-n', 'west', '--replicas=2'));
    const left = await waitUntil('two pods', names('west', 'hello', 2));
    const gone = all.find((name) => !left.includes(name)) ?? '';
    await waitUntil('its Service is gone', async () => {
      const { code } = await user.run('get', 'service', gone, '-n', 'east');
      return code === 1;
    });
  });

  await t.test('acceptance 77: pods of another namespace, once a binding allows it', async () => {
    succeeded(await user.run('create', 'namespace', 'apps'));
    const attached = { siteNamespace: 'west', port: 8080, selector: 'app=apart' };
    await user.apply(
      workload('apps', 'apart'),
      custom('AttachedConnector', 'apps', 'apart', attached),
      custom('Listener', 'east', 'apart', { routingKey: 'apart', host: 'apart', port: 80 }),
    );
    await user.becomes(
      'apps',
      'attachedconnector/apart',
      '{.status.message}',
      'No matching AttachedConnectorBinding in site namespace',
    );
    const binding = { routingKey: 'apart', connectorNamespace: 'apps' };
    await user.apply(custom('AttachedConnectorBinding', 'west', 'apart', binding));
    await user.becomes('apps', 'attachedconnector/apart', '{.status.status}', 'Ready');
    await answered(cluster, east, 'http://apart/', names('apps', 'apart', 1));
  });

  await t.test('acceptance 12, 13: two routers of a site, and one again', async () => {
    await twoRouters(cluster);
    await user.apply(
      workload('north', 'heisann'),
      custom('Connector', 'north', 'n', { routingKey: 'n', selector: 'app=heisann', port: 8080 }),
      custom('Listener', 'east', 'n', { routingKey: 'n', host: 'n', port: 80 }),
    );
    await answered(cluster, east, 'http://n/', names('north', 'heisann', 1));
    const [victim] = node.kubelet.running('north', 'skupper-router-2-');
    await victim?.process.stop('SIGKILL');
    await answered(cluster, east, 'http://n/', names('north', 'heisann', 1));
    await waitUntil('its container again', () => victim?.restarts === 1);
    await waitUntil('the routers linked again', () => arePeers(cluster));
    await user.becomes('north', 'site/north', runningMessage, 'OK');
    await revokedByBoth(cluster);
    succeeded(await user.run('patch', 'site/north', '-n', 'north', '--type=merge', '-p', single));
    await waitUntil(
      'one router',
      () => node.kubelet.running('north', 'skupper-router-').length === 1,
    );
    await answered(cluster, east, 'http://n/', names('north', 'heisann', 1));
  });

  await t.test('when the sites go, nothing is left of them', async () => {
    await noOrphans(node.client, ['west', 'east', 'north', 'apps', 'drawbridge-system']);
    for (const name of ['west', 'east', 'north']) {
      succeeded(await user.run('delete', 'site', '--all', '-n', name, '--wait=false'));
    }
    const made = 'deployments,configmaps,secrets,services,links,routeraccesses,securedaccesses';
    await waitUntil(
      'nothing left',
      async () => {
        for (const name of ['west', 'east', 'north']) {
          const all = succeeded(await user.run('get', made, '-n', name, '-o', 'name'));
          const left = all.split('\n').filter((line) => line !== '' && !usersOwn.has(line));
          assert.deepEqual(left, []);
        }
        return true;
      },
      // The collector learns of new kinds every half minute.
      { deadlineMs: 90_000, describe: () => node.describe() },
    );
    await user.becomes(
      'east',
      'accesstoken/token-to-west',
      '{.status.message}',
      'Already redeemed for a deleted site',
    );
    const removed = await cluster.cli('uninstall');
    assert.equal(removed.code, 0, removed.stderr);
  });
}

const runningMessage = '{.status.conditions[?(@.type=="Running")].message}';

/** The second router of north has told that the first is its neighbour, in the run of now. */
function arePeers({ node }: Cluster): boolean {
  return node.kubelet.running('north', 'skupper-router-').some(({ process }) => {
    const lines = process.stderr.split('\n').filter((line) => line.includes('"neighbour up"'));
    return lines.some((line) => /"router":"(north-[\da-f]+)-2".*"neighbour":"\1"/.test(line));
  });
}

/** The certificate of another joiner of north is refused by both routers. */
async function revokedByBoth({ cli, place, user }: Cluster): Promise<void> {
  // A claim as Skupper v1 has them, which the controller of west turns into a Link to each router.
  const claim = join(place.home, 'west-to-north.yaml');
  succeeded(await cli('token', 'create', claim, '--name', 'to-north', '-n', 'north'));
  succeeded(await user.run('apply', '-f', claim, '-n', 'west'));
  for (const name of ['link/to-north', 'link/to-north-2']) {
    await user.becomes('west', name, '{.status.status} {.status.remoteSiteName}', 'Ready north');
  }
  await user.becomes('north', 'issuedlinks', '{.items[*].status.remoteSiteName}', /my-site/);
  const said = succeeded(await cli('revoke-access', '--site', 'my-site', '-n', 'north'));
  assert.match(said, /Refused by routers north-[\da-f]+ \(.+\) and north-[\da-f]+-2 \(.+\)/);
  // What came of the claim goes with the Secret that the user brought.
  succeeded(await user.run('delete', 'secret', 'to-north', '-n', 'west'));
  for (const name of ['link/to-north', 'link/to-north-2']) {
    succeeded(await user.run('wait', '--for=delete', name, '-n', 'west', '--timeout=60s'));
  }
  await user.becomes('east', 'site/east', '{.status.status}', 'Ready');
}

const single = '{"spec":{"ha":false}}';

/** What the tests and Kubernetes itself made in the namespaces. */
const usersOwn: ReadonlySet<string> = new Set([
  'configmap/kube-root-ca.crt',
  'deployment.apps/hello',
  'deployment.apps/hallo',
  'deployment.apps/heisann',
]);

/** A site with two routers, that east links to with one token. */
async function twoRouters(cluster: Cluster): Promise<void> {
  const { node, user, cli, place } = cluster;
  succeeded(await user.run('create', 'namespace', 'north'));
  await user.apply(custom('Site', 'north', 'north', { linkAccess: 'default', ha: true }));
  await user.becomes('north', 'site/north', '{.status.status}', 'Ready');
  await user.becomes(
    'north',
    'site/north',
    '{.status.endpoints[*].group}',
    /skupper-router-2 .*skupper-router\b(?!-)|skupper-router\b(?!-) .*skupper-router-2/,
  );
  const token = join(place.home, 'north.yaml');
  succeeded(await cli('token', 'issue', token, '-n', 'north'));
  succeeded(await cli('token', 'redeem', token, '-n', 'east'));
  const names = succeeded(await user.run('get', 'links', '-n', 'east', '-o', 'name'));
  const made = names.split('\n').filter((name) => /-[12]$/.test(name));
  assert.equal(made.length, 2, names);
  for (const name of made) {
    await user.becomes('east', name, '{.status.status} {.status.remoteSiteName}', 'Ready north');
  }
  await user.becomes('east', 'site/east', '{.status.sitesInNetwork}', '3');
  assert.equal(node.kubelet.running('north', 'skupper-router-').length, 2);
  await waitUntil('the two routers linked', () => arePeers(cluster));
}
