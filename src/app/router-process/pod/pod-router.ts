/**
 * The router of a pod: waits for its ConfigMap and the credentials to be managed with, starts with
 * all that is there, and from then on keeps its profiles as ConfigMap and Secrets change. All other
 * entities are the controller's business, over management.
 */
import { messageOf } from '#base/errors.ts';
import { healthListenerName, managementListener, managementProfile } from '#controllers/index.ts';
import { type ConfigMap, configMap, type Secret, secret } from '#kube/index.ts';
import { connectionFromKubeconfig, Informer, KubeClient } from '#kubeclient/index.ts';
import type { ConfigEntity } from '#management/index.ts';
import type { RunningLogger } from '#telemetry/index.ts';
import { systemRandom } from '../../system.ts';
import type { RunningRouter } from '../running-router.ts';
import { PodProfiles } from './pod-profiles.ts';
import type { PodSource } from './pod-source.ts';
import { type WantedRouter, wantedRouter } from './wanted.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface PodRouterDeps {
  readonly log: RunningLogger;
  readonly env: Env;
  readonly startRouterOf: (
    entities: readonly ConfigEntity[],
    env: Env,
    log: RunningLogger,
  ) => Promise<RunningRouter>;
  readonly variables: Env;
}

/** What could not be done is tried again after this long; milliseconds. */
const retryMs = 2_000;
/** How often it is told what a start waits for; milliseconds. */
const tellMs = 15_000;

/** Types without which a router cannot start or be managed. */
const essential: ReadonlySet<string> = new Set(['router', 'router.config.address', 'log']);
/** Listeners of which the controller thinks that every router has them. */
const ownListeners: ReadonlySet<string> = new Set([managementListener, healthListenerName]);

export async function startPodRouter(
  deps: PodRouterDeps,
  source: PodSource,
): Promise<RunningRouter> {
  const pod = new PodRouter(deps, source, new KubeClient(await connectionFromKubeconfig()));
  return pod.start();
}

class PodRouter {
  readonly #deps: PodRouterDeps;
  readonly #source: PodSource;
  readonly #client: KubeClient;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #secrets: Informer<Secret>;
  readonly #profiles: PodProfiles;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #queued = false;
  #stopped = false;

  constructor(deps: PodRouterDeps, source: PodSource, client: KubeClient) {
    this.#deps = deps;
    this.#source = source;
    this.#client = client;
    const { namespace, name } = source;
    const of = { client, random: systemRandom, log: deps.log };
    const fieldSelector = `metadata.name=${name}`;
    this.#configMaps = new Informer(configMap, of, { namespace, fieldSelector });
    this.#secrets = new Informer(secret, of, { namespace });
    this.#profiles = new PodProfiles(deps.log);
  }

  async start(): Promise<RunningRouter> {
    const { env, log } = this.#deps;
    this.#configMaps.start();
    this.#secrets.start();
    const wanted = await this.#firstWanted();
    const usable = await this.#profiles.write(wanted.profiles);
    const profiles = usable.map(({ entity }) => entity);
    const [first, rest] = [wanted.entities.filter(isEssential), wanted.entities];
    const running = await this.#deps.startRouterOf([...profiles, ...first], env, log);
    this.#profiles.attach(running.router.kinds);
    await this.#applyRest(
      running,
      rest.filter((entity) => !isEssential(entity)),
    );
    const leave = [this.#configMaps, this.#secrets].map((informer) =>
      informer.onChange(() => this.#look()),
    );
    return {
      router: running.router,
      stop: async () => {
        this.#stopped = true;
        for (const end of leave) end();
        clearTimeout(this.#timer);
        await this.#turn;
        await running.stop();
        await this.#configMaps.stop();
        await this.#secrets.stop();
        this.#client.close();
      },
    };
  }

  /** Waits for a ConfigMap with a router in it and the credentials to be managed with. */
  async #firstWanted(): Promise<WantedRouter> {
    const { promise, resolve, reject } = Promise.withResolvers<WantedRouter>();
    const look = (): void => {
      try {
        const wanted = this.#wanted();
        const own = wanted?.profiles.find(({ name }) => name === managementProfile);
        if (wanted !== undefined && own?.files !== undefined) resolve(wanted);
      } catch (thrown) {
        reject(thrown);
      }
    };
    const leave = [this.#configMaps, this.#secrets].map((informer) => informer.onChange(look));
    const timer = setInterval(() => {
      const { namespace, name } = this.#source;
      this.#deps.log.info('waiting for the configuration and its credentials', { namespace, name });
    }, tellMs);
    look();
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      for (const end of leave) end();
    }
  }

  #wanted(): WantedRouter | undefined {
    const { namespace, name, root } = this.#source;
    const found = this.#configMaps.get({ namespace, name });
    if (found === undefined) return undefined;
    const { variables } = this.#deps;
    return wantedRouter({ configMap: found, secrets: this.#secrets.list(), root, variables });
  }

  /** One that cannot be made now must not keep the others away: the controller tries it again. */
  async #applyRest(running: RunningRouter, entities: readonly ConfigEntity[]): Promise<void> {
    const { router } = running;
    for (const { spec, name, attributes } of entities) {
      try {
        await router.kinds.get(spec.short)?.create?.(name, attributes);
      } catch (thrown) {
        const facts = { type: spec.short, name, reason: messageOf(thrown) };
        this.#deps.log.warn('an entity cannot be made yet', facts);
      }
    }
    router.changed();
  }

  /** Looks once more; changes that come meanwhile are one further look. */
  #look(): void {
    if (this.#queued || this.#stopped) return;
    this.#queued = true;
    this.#turn = this.#turn.then(async () => {
      this.#queued = false;
      clearTimeout(this.#timer);
      if (this.#stopped || !(await this.#settle())) return;
      this.#timer = setTimeout(() => this.#look(), retryMs);
    });
  }

  async #settle(): Promise<boolean> {
    try {
      const wanted = this.#wanted();
      return wanted !== undefined && (await this.#profiles.settle(wanted.profiles));
    } catch (thrown) {
      this.#deps.log.warn('the configuration cannot be used', { reason: messageOf(thrown) });
      return true;
    }
  }
}

function isEssential({ spec, name }: ConfigEntity): boolean {
  return essential.has(spec.short) || (spec.short === 'listener' && ownListeners.has(name ?? ''));
}
