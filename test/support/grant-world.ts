/** A control plane with a grant server and a site that can be joined, for tests of redemption. */
import type { TestContext } from 'node:test';
import { type AccessGrant, accessGrant, certificate, type Site, site } from '#apis/index.ts';
import { startCertificateController } from '#certs/index.ts';
import {
  type GrantServerOptions,
  type RunningGrantServer,
  startAccessGrantController,
  startGrantServer,
} from '#grants/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { secret } from '#kube/index.ts';
import { type BenchClient, type ControllerBench, controllerBench } from './controller-bench.ts';
import type { MemoryKube } from './memory-kube.ts';
import { until } from './until.ts';

export const west = 'west';

export interface GrantWorld<C extends BenchClient = MemoryKube> extends ControllerBench<C> {
  readonly server: RunningGrantServer;
  /** A grant that is ready to be redeemed. */
  grant(name: string, spec?: AccessGrant['spec']): Promise<AccessGrant>;
  /** The grant as it is now. */
  read(name: string): Promise<AccessGrant>;
  /** Redeems with the grant's own code unless another body is given. */
  redeem(
    grant: AccessGrant,
    given?: { body?: string; headers?: Record<string, string> },
  ): Promise<HttpResponse>;
}

export function siteOf(namespace: string, rest: Partial<Site> = {}): Site {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    metadata: { name: namespace, namespace },
    spec: { linkAccess: 'default' },
    ...rest,
  };
}

const endpoint = { host: '127.0.0.1', group: 'skupper-router' };
export const endpoints = [
  { ...endpoint, name: 'inter-router', port: '55671' },
  { ...endpoint, name: 'edge', port: '45671' },
];

/** Makes the site of west joinable: a CA and endpoints. */
export async function openSite(bench: ControllerBench, namespace = west): Promise<Site> {
  await bench.client.create(certificate, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Certificate',
    metadata: { name: 'skupper-site-ca', namespace },
    spec: { ca: '', subject: `${namespace} site CA`, signing: true },
  });
  const made = await bench.client.create(site, siteOf(namespace));
  const open = await bench.client.updateStatus(site, { ...made, status: { endpoints } });
  const key = { namespace, name: 'skupper-site-ca' };
  await until(() => bench.informers.of(secret).get(key), 'site CA');
  await until(
    () =>
      bench.informers.of(site).get({ namespace, name: namespace })?.status?.endpoints?.length === 2,
    'site',
  );
  return open;
}

/** Over an API in memory. */
export async function grantWorld(
  context: TestContext,
  options: Partial<GrantServerOptions> = {},
  instead: Partial<ControllerBench<MemoryKube>> = {},
): Promise<GrantWorld> {
  return await grantWorldOver({ ...controllerBench(context), ...instead }, options);
}

/** Over any API. */
export async function grantWorldOver<C extends BenchClient>(
  bench: ControllerBench<C>,
  options: Partial<GrantServerOptions> = {},
): Promise<GrantWorld<C>> {
  bench.own(startCertificateController(bench));
  const server = bench.own(
    await startGrantServer(bench, { host: '127.0.0.1', port: 0, ...options }),
  );
  bench.own(startAccessGrantController(bench, { address: server }));
  const read = async (name: string): Promise<AccessGrant> =>
    await until(() => bench.client.find(accessGrant, { namespace: west, name }), name);
  return {
    ...bench,
    server,
    read,
    grant: async (name, spec) => {
      await bench.client.create(accessGrant, {
        apiVersion: 'skupper.io/v2alpha1',
        kind: 'AccessGrant',
        metadata: { name, namespace: west },
        ...(spec === undefined ? {} : { spec }),
      });
      return await until(() => {
        const found = bench.informers.of(accessGrant).get({ namespace: west, name });
        return found?.status?.status === undefined || found.status.status === 'Pending'
          ? undefined
          : found;
      }, `grant ${name}`);
    },
    redeem: async (grant, given = {}) =>
      await httpsRequest({
        url: `${server.url}/${grant.metadata.uid}`,
        method: 'POST',
        body: given.body ?? grant.status?.code ?? '',
        headers: given.headers ?? {},
        ca: server.current()?.caPem ?? '',
      }),
  };
}
