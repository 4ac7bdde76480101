/**
 * Keeps the router of every active Site: its configuration in the ConfigMap, its files, its
 * process, and the running router itself through management. One key per namespace.
 */
import type { Running } from '#base/lifecycle.ts';
import {
  annotationOf,
  isOwnedBy,
  isTerminating,
  type KubeObject,
  ownerReferenceTo,
  secretText,
  withAnnotations,
} from '#kube/index.ts';
import { createOrUpdate, feed, isKubeError } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import {
  activeSiteOf,
  type ControllerContext,
  namespaceKey,
  onPods,
  routerConfigMapOf,
  secretsOf,
} from '../context.ts';
import { attachedConnectorsOf, namespacesServing } from '../attached-connector/surroundings.ts';
import { namespaceId, startController } from '../controller.ts';
import { takenPlaces } from '../listener/taken-places.ts';
import { isRevoked, revokedSerials } from '../issued-link/revoked-list.ts';
import {
  attachedConnector,
  attachedConnectorBinding,
  type ConfigMap,
  configMap,
  connector,
  issuedLink,
  link,
  listener,
  multiKeyListener,
  routerAccess,
  secret,
  service,
  type Site,
  site,
} from '../kinds.ts';
import { annotations, labels, routerGroups, siteObjects } from '../names.ts';
import { checkSite } from '../site/decide.ts';
import type { RouterTarget } from '../site-router/router-connection.ts';
import { formatConfig } from './config-file.ts';
import { CredentialMemory } from './credential-memory.ts';
import { isUsableCredentials } from './credentials.ts';
import { busy, Lanes } from './lanes.ts';
import { formatAuthorities, formatDigests, planRouter, type RouterPlan } from './plan.ts';
import { profileContext } from './tls-profiles.ts';

/** A running router is compared with its configuration at least this often; milliseconds. */
const driftCheckMs = 60_000;
/** How long a router may take to open the sockets of listeners; milliseconds. */
const socketCheckMs = 300;
/** How often a router is asked whether it has the credentials that its entities need; milliseconds. */
const credentialsCheckMs = 250;
/** What a router refused is tried again after this long; milliseconds. */
const refusedRetryMs = 5_000;

/** How long one router may keep a look at all of a Site waiting; milliseconds. */
const patienceMs = 500;
/** How long the first router must have served before the second is started anew; milliseconds. */
const settledMs = 2_000;
/** The second is started anew after this long, whatever the first does; milliseconds. */
const postponedMsMax = 15_000;
/** When to look again at what takes longer; milliseconds. */
const lookAtBusyMs = 200;

const watchedConfigMaps: ReadonlySet<string> = new Set([
  ...routerGroups(true),
  siteObjects.revokedList,
]);

export function startRouterConfigController(context: ControllerContext): Running {
  const { informers, runtime, routers } = context;
  return startController(context, new RouterConfigReconciler(context), {
    name: 'router-config',
    idOf: namespaceId,
    workersMax: 16,
    informers: [
      informers.of(site),
      informers.of(configMap),
      informers.of(routerAccess),
      informers.of(link),
      informers.of(listener),
      informers.of(multiKeyListener),
      informers.of(connector),
      informers.of(issuedLink),
      informers.of(secret),
      informers.of(service),
      informers.of(attachedConnector),
      informers.of(attachedConnectorBinding),
      ...(runtime.pods === undefined ? [] : [runtime.pods]),
    ],
    all: () => [...new Set(informers.of(site).list().flatMap(namespaceKey))],
    wake: (add, loop) => {
      // What an earlier run left of Sites that are gone meanwhile.
      void runtime.namespacesOnDisk().then((namespaces) => {
        for (const namespace of namespaces) add(namespace);
      });
      return [
        feed(informers.of(site), loop, namespaceKey),
        feed(informers.of(configMap), loop, (object) =>
          watchedConfigMaps.has(object.metadata.name) ? namespaceKey(object) : [],
        ),
        feed(informers.of(issuedLink), loop, (object) =>
          isRevoked(object) ? namespaceKey(object) : [],
        ),
        feed(informers.of(routerAccess), loop, namespaceKey),
        feed(informers.of(link), loop, namespaceKey),
        feed(informers.of(listener), loop, namespaceKey),
        feed(informers.of(multiKeyListener), loop, namespaceKey),
        feed(informers.of(connector), loop, namespaceKey),
        feed(informers.of(secret), loop, namespaceKey),
        feed(informers.of(service), loop, namespaceKey),
        feed(informers.of(attachedConnector), loop, ({ spec }) => [spec?.siteNamespace ?? '']),
        feed(informers.of(attachedConnectorBinding), loop, namespaceKey),
        onPods(context, (namespace) => {
          const own = informers.of(connector).list(namespace);
          if (own.some(({ spec }) => (spec?.selector ?? '') !== '')) add(namespace);
          for (const serving of namespacesServing(context, namespace)) add(serving);
        }),
        runtime.onHealth(add),
        routers.onEvent((namespace, event) => {
          if (event === 'connection') add(namespace);
          // A new destination opens sockets, which may fail.
          if (event === 'network') loop.addAfter(namespace, socketCheckMs);
        }),
      ];
    },
  });
}

class RouterConfigReconciler implements Reconciler<string> {
  readonly #context: ControllerContext;
  readonly #lanes: Lanes;
  /** Since when the restart of a router waits for the other one, by lane; monotonic. */
  readonly #postponed = new Map<string, number>();
  /** Uids of the Sites whose routers run, by namespace. */
  readonly #running = new Map<string, string>();
  readonly #memory = new CredentialMemory();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#lanes = new Lanes(context.log, patienceMs);
  }

  async reconcile(namespace: string): Promise<ReconcileResult> {
    const { runtime, routers } = this.#context;
    const active = activeSiteOf(this.#context, namespace);
    if (active === undefined || checkSite(active, runtime) !== undefined) {
      // A ConfigMap deleted by hand is made again at once; the router must not suffer for it.
      if (active === undefined && this.#isBeingReclaimed(namespace)) return {};
      this.#running.delete(namespace);
      for (const group of routerGroups(true)) this.#postponed.delete(laneOf(namespace, group));
      await routers.remove(namespace);
      await runtime.removeRouter(namespace);
      return {};
    }
    const groups = routerGroups(active.spec?.ha === true);
    // First, so that those who stay find ports free that they shared.
    for (const group of routerGroups(true)) {
      if (!groups.includes(group)) await this.#removeGroup(active, group);
    }
    const plans = new Map<string, RouterPlan>();
    for (const group of groups) {
      const plan = await this.#ensureGroup(active, group);
      if (plan !== undefined) plans.set(group, plan);
    }
    const apply = async ([group, plan]: [string, RouterPlan]): Promise<number | undefined> => {
      const work = (): Promise<number | undefined> => this.#applyPlan(active, plan, group);
      const waitMs = await this.#lanes.run(laneOf(namespace, group), work);
      return waitMs === busy ? lookAtBusyMs : waitMs;
    };
    const settled = await Promise.allSettled([...plans].map(apply));
    const waits: number[] = groups.some((group) => this.#postponed.has(laneOf(namespace, group)))
      ? [lookAtBusyMs]
      : [];
    for (const each of settled) {
      if (each.status === 'rejected') throw each.reason;
      if (each.value !== undefined) waits.push(each.value);
    }
    return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
  }

  async #removeGroup(active: Site, group: string): Promise<void> {
    const { client, runtime, routers } = this.#context;
    const { namespace = '' } = active.metadata;
    this.#postponed.delete(laneOf(namespace, group));
    await routers.remove(namespace, group);
    await runtime.removeGroup(active, group);
    const left = routerConfigMapOf(this.#context, namespace, group);
    if (left === undefined || !isOwnedBy(left, active)) return;
    await client.remove(configMap, { namespace, name: group }, { uid: left.metadata.uid ?? '' });
  }

  /** The router runs or starts. @returns what it should do; undefined while something is missing */
  async #ensureGroup(active: Site, group: string): Promise<RouterPlan | undefined> {
    const { runtime, log } = this.#context;
    const { uid = '', namespace = '' } = active.metadata;
    const outcome = this.#plan(active, group);
    if (!outcome.ok) {
      log.debug('router waits', { site: active.metadata.name, waitsFor: outcome.waitsFor });
      return undefined;
    }
    const { plan } = outcome;
    await this.#writeConfigMap(active, plan, group);
    if (group === siteObjects.routerGroup) await this.#annotateSecrets(namespace, plan);
    this.#running.set(namespace, uid);
    const isDone = await runtime.ensureRouter({
      site: active,
      group,
      entities: plan.entities,
      credentials: plan.profiles.map((profile) => ({
        profile: profile.name,
        files: profile.files,
      })),
      proxyPasswords: plan.proxyPasswords,
      mayRestart: this.#mayRestart(namespace, group),
    });
    const lane = laneOf(namespace, group);
    if (isDone) this.#postponed.delete(lane);
    else if (!this.#postponed.has(lane)) this.#postponed.set(lane, performance.now());
    return plan;
  }

  /** One after the other: the second waits until the first has its services and links again. */
  #mayRestart(namespace: string, group: string): boolean {
    if (group === siteObjects.routerGroup) return true;
    const sinceMs = this.#postponed.get(laneOf(namespace, group));
    if (sinceMs !== undefined && performance.now() - sinceMs > postponedMsMax) return true;
    return this.#context.routers.servingMs(namespace, siteObjects.routerGroup) > settledMs;
  }

  /** @returns when to look again, in milliseconds; undefined when it is told what to wait for */
  async #applyPlan(active: Site, plan: RouterPlan, group: string): Promise<number | undefined> {
    const { runtime, routers } = this.#context;
    const { uid = '', namespace = '' } = active.metadata;
    const target = this.#target(active, group);
    if (target === undefined || runtime.healthOf(namespace, uid).state !== 'ready') {
      return undefined;
    }
    await routers.ensure(namespace, target, group);
    const wish = { entities: plan.entities, revoked: this.#revoked(namespace) };
    if (!(await routers.apply(namespace, wish, group))) return undefined;
    if (routers.isWaiting(namespace)) return credentialsCheckMs;
    return routers.hasProblems(namespace) ? refusedRetryMs : driftCheckMs;
  }

  #revoked(namespace: string): readonly string[] {
    const { informers, clock } = this.#context;
    const list = informers.of(configMap).get({ namespace, name: siteObjects.revokedList });
    return revokedSerials(informers.of(issuedLink).list(namespace), list, clock.nowMs());
  }

  #isBeingReclaimed(namespace: string): boolean {
    if (routerConfigMapOf(this.#context, namespace) !== undefined) return false;
    const uid = this.#running.get(namespace);
    const sites = alive(this.#context.informers.of(site).list(namespace));
    return uid !== undefined && sites.some(({ metadata }) => metadata.uid === uid);
  }

  #plan(active: Site, group: string): ReturnType<typeof planRouter> {
    const { informers, runtime, identity } = this.#context;
    const { namespace = '' } = active.metadata;
    const services = informers.of(service);
    const routerAccesses = alive(informers.of(routerAccess).list(namespace));
    const links = alive(informers.of(link).list(namespace));
    const credentials = [...routerAccesses, ...links].map(({ spec }) => spec?.tlsCredentials ?? '');
    const read = secretsOf(this.#context, namespace);
    return planRouter(
      {
        site: active,
        group,
        routerAccesses,
        links,
        listeners: alive(informers.of(listener).list(namespace)),
        multiKeyListeners: alive(informers.of(multiKeyListener).list(namespace)),
        connectors: alive(informers.of(connector).list(namespace)),
        secret: this.#memory.over(namespace, credentials, read),
        service: (name) => services.get({ namespace, name }),
        services: services.list(namespace),
        configMap: routerConfigMapOf(this.#context, namespace, group),
        attached: attachedConnectorsOf(this.#context, namespace),
        pods: runtime.pods?.list(namespace),
        network: this.#context.routers.networkOf(namespace),
        taken: takenPlaces(this.#context, namespace),
      },
      runtime,
      identity.version,
    );
  }

  async #writeConfigMap(active: Site, plan: RouterPlan, group: string): Promise<void> {
    const { client } = this.#context;
    const { namespace = '', uid } = active.metadata;
    const key = { namespace, name: group };
    const shape = (before: ReturnType<typeof routerConfigMapOf>): typeof before => {
      // That of the first group is the Site controller's to make, because it is the claim.
      const existing =
        before ?? (group === siteObjects.routerGroup ? undefined : newConfigMap(active, group));
      // Only the Site that owns it may write it; whether it does is the claim of the Site controller.
      const owned = existing?.metadata.ownerReferences?.some((owner) => owner.uid === uid);
      if (existing === undefined || owned !== true) return undefined;
      const data = { ...existing.data, [siteObjects.routerConfigKey]: formatConfig(plan.entities) };
      return withAnnotations(
        { ...existing, data },
        {
          [annotations.tlsDigests]: formatDigests(plan.profiles),
          [annotations.tlsAuthorities]: formatAuthorities(plan.profiles),
        },
      );
    };
    const known = routerConfigMapOf(this.#context, namespace, group);
    await createOrUpdate(client, configMap, key, shape, known);
  }

  /** Tells people which profiles use a Secret, and in which revision. */
  async #annotateSecrets(namespace: string, plan: RouterPlan): Promise<void> {
    const { client, informers } = this.#context;
    for (const name of new Set(plan.profiles.map((profile) => profile.secret))) {
      const known = informers.of(secret).get({ namespace, name });
      const context = profileContext(plan.profiles, name);
      if (known === undefined || annotationOf(known, annotations.tlsProfileContext) === context) {
        continue;
      }
      try {
        const body = { metadata: { annotations: { [annotations.tlsProfileContext]: context } } };
        await client.patch(secret, { namespace, name }, body);
      } catch (thrown) {
        // Gone meanwhile, or not ours to write: the router works without the note.
        const harmless =
          isKubeError(thrown, 'KUBE_NOT_FOUND') || isKubeError(thrown, 'KUBE_FORBIDDEN');
        if (!harmless) throw thrown;
      }
    }
  }

  #target(active: Site, group: string): RouterTarget | undefined {
    const { informers, runtime, identity } = this.#context;
    const { namespace = '' } = active.metadata;
    const front = informers.of(service).get({ namespace, name: siteObjects.localService });
    const address = front && runtime.managementOf(front, group);
    const credentials = secretsOf(this.#context, namespace)(siteObjects.localClient);
    if (address === undefined || !isUsableCredentials(credentials)) return undefined;
    const { name, uid = '' } = active.metadata;
    return {
      ...address,
      ca: secretText(credentials, 'ca.crt') ?? '',
      cert: secretText(credentials, 'tls.crt') ?? '',
      key: secretText(credentials, 'tls.key') ?? '',
      site: {
        id: uid,
        name,
        namespace,
        platform: runtime.platform,
        version: identity.version,
      },
    };
  }
}

function laneOf(namespace: string, group: string): string {
  return `${namespace}/${group}`;
}

function newConfigMap(active: Site, group: string): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: group,
      namespace: active.metadata.namespace ?? '',
      labels: { [labels.routerConfig]: '' },
      ownerReferences: [ownerReferenceTo(active, false)],
    },
  };
}

function alive<T extends KubeObject>(objects: readonly T[]): T[] {
  return objects.filter((object) => !isTerminating(object));
}
