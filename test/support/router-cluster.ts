/** Routers of ours in this process, linked over loopback with mutual TLS, with their bridges. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type Bridge, createBridge } from '#bridge/index.ts';
import { type Attributes, Router, type RouterOptions } from '#router/index.ts';
import { makeCertificates, type TestCertificates } from './router-certificates.ts';
import { until } from './until.ts';

export interface TestRouter {
  readonly router: Router;
  readonly bridge: Bridge;
  /** Makes an entity as configuration would. */
  create(type: string, name: string, attributes: Attributes): Promise<void>;
  /** Removes an entity by name. */
  remove(type: string, name: string): Promise<void>;
  /** Port of the listener for routers; 0 in mode edge. */
  readonly linkPort: number;
  /** Port of the listener for edge routers; 0 in mode edge. */
  readonly edgePort: number;
  stop(): Promise<void>;
}

export interface Cluster {
  readonly certificates: TestCertificates;
  add(id: string, options?: Partial<RouterOptions>): Promise<TestRouter>;
  /** `from` dials `to`, as an edge router where it is one. */
  link(from: TestRouter, to: TestRouter, attributes?: Attributes): Promise<void>;
  /** Every interior router sees every other one. */
  converged(): Promise<void>;
  readonly routers: readonly TestRouter[];
}

let nextInstance = 1;

export async function makeCluster(t: TestContext): Promise<Cluster> {
  const certificates = await makeCertificates();
  const routers: TestRouter[] = [];
  t.after(async () => {
    await Promise.all(routers.map((each) => each.stop()));
    certificates.remove();
  });
  return {
    certificates,
    routers,
    add: async (id, options) => {
      const made = await startTestRouter(id, certificates, options);
      routers.push(made);
      return made;
    },
    link: async (from, to, attributes = {}) => {
      const edge = from.router.uplink !== undefined;
      await from.create('connector', `to-${to.router.options.id}`, {
        role: edge ? 'edge' : 'inter-router',
        host: '127.0.0.1',
        port: String(edge ? to.edgePort : to.linkPort),
        sslProfile: 'client',
        saslMechanisms: 'EXTERNAL',
        ...attributes,
      });
    },
    converged: async () => {
      const interior = routers.filter(({ router }) => router.uplink === undefined);
      await until(
        () =>
          interior.every(
            ({ router }) =>
              router.driver.engine.routers().filter(({ reachable, self }) => reachable || self)
                .length === interior.length,
          ),
        'all routers see each other',
      );
    },
  };
}

async function startTestRouter(
  id: string,
  certificates: TestCertificates,
  options: Partial<RouterOptions> = {},
): Promise<TestRouter> {
  const random = { bytes: (size: number) => randomBytes(size) };
  const router = new Router(
    {
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
      log: silentLogger,
      random,
      metrics: () => Promise.resolve(''),
    },
    {
      id,
      version: '0',
      mode: 'interior',
      metadata: undefined,
      attributes: {},
      instance: nextInstance++,
      dataConnections: 2,
      ...options,
    },
  );
  const bridge = createBridge({ router, tls: router.tls, random, log: silentLogger });
  for (const kind of bridge.kinds) router.addKind(kind);
  router.onStop(() => bridge.stop());
  router.start();
  const create = async (type: string, name: string, attributes: Attributes): Promise<void> => {
    await router.kinds.get(type)!.create!(name, attributes);
  };
  await create('sslProfile', 'server', { ...certificates.server });
  await create('sslProfile', 'client', { ...certificates.client });
  const accept = async (name: string, role: string): Promise<number> => {
    await create('listener', name, {
      role,
      host: '127.0.0.1',
      port: '0',
      sslProfile: 'server',
      saslMechanisms: 'EXTERNAL',
      authenticatePeer: true,
    });
    return router.listeners.shelf.get(name)!.item.boundPort!;
  };
  const accepts = router.uplink === undefined;
  return {
    router,
    bridge,
    create,
    remove: async (type, name) => {
      const kind = router.kinds.get(type)!;
      for (const entity of kind.entities()) {
        if (entity.name === name) await kind.delete!(entity.identity);
      }
    },
    linkPort: accepts ? await accept('interior', 'inter-router') : 0,
    edgePort: accepts ? await accept('edge', 'edge') : 0,
    stop: () => router.stop(),
  };
}
