/**
 * One site in a large network: sites with services that exist as flow records only, told through
 * its own router. How long until all its listeners match, how large its status gets, and what it
 * costs while nothing happens. Wall time of this machine; writes are counted.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { listener, site } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { secret, service } from '#kube/index.ts';
import { type ManagementClient, managementClient, siteAnnouncer } from '#management/index.ts';
import { flowRecord, FlowRecordType } from '#telemetry/index.ts';
import { systemClock as clock, systemRandom as random } from '../../test/support/system.ts';
import { residentBytes } from './topology.ts';
import { makeSite, siteReady, startUp, until } from './up-process.ts';

const west = { namespace: 'west', name: 'west' };
/** Sites that one client of the router speaks for. */
const sitesPerClient = 50;
/** Listeners in the site, each for a service of another one. */
const listeners = 50;
const idleMs = Number(process.env['BENCH_IDLE_MS'] ?? 20_000);

async function prepare(client: KubeClient): Promise<void> {
  await makeSite(client, 'west', {});
  await siteReady(client, 'west');
}

function serviceName(siteNumber: number, number: number): string {
  return `svc-${siteNumber}-${number}`;
}

async function openListeners(client: KubeClient, sites: number, services: number): Promise<void> {
  for (let index = 0; index < listeners; index++) {
    const routingKey = serviceName(Math.floor((index * sites) / listeners), index % services);
    await client.create(listener, {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Listener',
      metadata: { namespace: 'west', name: `l${index}` },
      spec: { host: `l${index}`, port: 8080, routingKey },
    });
  }
}

/** A client of the site's own router. */
async function routerClient(client: KubeClient): Promise<ManagementClient> {
  const front = await client.get(service, { namespace: 'west', name: 'skupper-router-local' });
  const { data } = await client.get(secret, { namespace: 'west', name: 'skupper-local-client' });
  const text = (file: string): string => Buffer.from(data?.[file] ?? '', 'base64').toString();
  const material = { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
  const made = await managementClient(
    { clock, random, log: silentLogger },
    {
      host: front.spec?.clusterIP ?? '',
      port: front.spec?.ports?.[0]?.port ?? 0,
      tls: { material, verifyHostname: false },
    },
  ).start(new AbortController().signal);
  await made.whenConnected(10_000);
  return made;
}

/** Sites with routers and connectors, as their records tell. */
function announce(client: ManagementClient, from: number, to: number, services: number): void {
  for (let number = from; number < to; number++) {
    const siteId = `site-${number}`;
    const names = { name: siteId, namespace: 'fake', platform: 'linux', version: '2' };
    const announcer = siteAnnouncer({ client, clock }, { siteId, ...names });
    const router = `r${number}:0`;
    announcer.set(flowRecord(FlowRecordType.router, router, { parent: siteId, mode: 'interior' }));
    for (let index = 0; index < services; index++) {
      const address = serviceName(number, index);
      announcer.set(
        flowRecord(FlowRecordType.connector, `r${number}:${index + 1}`, {
          parent: router,
          name: address,
          address,
          destHost: '10.0.0.1',
          destPort: '80',
          protocol: 'tcp',
        }),
      );
    }
  }
}

async function measure(sites: number, services: number): Promise<object> {
  const up = startUp();
  const clients: ManagementClient[] = [];
  try {
    const { pid, client } = await up.ready();
    await prepare(client);
    await openListeners(client, sites, services);
    const beforeBytes = residentBytes(pid);
    const version = async (): Promise<number> =>
      Number((await client.list(site, { namespace: 'west' })).metadata.resourceVersion);
    const startVersion = await version();
    const startMs = performance.now();
    for (let from = 0; from < sites; from += sitesPerClient) {
      const made = await routerClient(client);
      clients.push(made);
      announce(made, from, Math.min(sites, from + sitesPerClient), services);
    }
    await until('all listeners match', async () => {
      const { items } = await client.list(listener, { namespace: 'west' });
      return items.every(({ status }) => status?.hasMatchingConnector === true) ? true : undefined;
    });
    const matchedMs = performance.now() - startMs;
    const status = await until('all sites', async () => {
      const found = (await client.get(site, west)).status;
      return found?.sitesInNetwork === sites + 1 ? found : undefined;
    });
    const knownMs = performance.now() - startMs;
    await pause(5000);
    const before = await version();
    await pause(idleMs);
    const writes = (await version()) - before;
    return {
      sites,
      services: sites * services,
      'listeners matched, ms': Math.round(matchedMs),
      'all sites known, ms': Math.round(knownMs),
      'status, KiB': Math.round(JSON.stringify(status).length / 1024),
      'writes until then': before - startVersion,
      'idle writes per minute': (writes * 60_000) / idleMs,
      'controller before, MiB': Math.round(beforeBytes / 2 ** 20),
      'controller after, MiB': Math.round(residentBytes(pid) / 2 ** 20),
    };
  } finally {
    await Promise.all(clients.map((each) => each.stop({ graceMs: 100 })));
    await up.stop();
  }
}

console.table([await measure(76, 17), await measure(200, 5)]);
