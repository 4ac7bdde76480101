/** What keeps objects in order behind the server's back, started and stopped as one. */
import { KindKeeper, type KindKeeperDeps } from '../custom/kind-keeper.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { NamespaceKeeper } from './namespace-keeper.ts';

export class Keepers {
  readonly #kinds: KindKeeper;
  readonly #namespaces: NamespaceKeeper;
  readonly #garbage: GarbageCollector;

  constructor(deps: KindKeeperDeps) {
    this.#kinds = new KindKeeper(deps);
    this.#namespaces = new NamespaceKeeper(deps);
    this.#garbage = new GarbageCollector(deps);
  }

  /** Kinds first: the others must know what every stored object is. */
  async start(): Promise<void> {
    this.#kinds.start();
    await this.#namespaces.start();
    this.#garbage.start();
  }

  /** Stores definitions of the server's own kinds. */
  showOwnKinds(): Promise<void> {
    return this.#kinds.showOwn();
  }

  async stop(): Promise<void> {
    await this.#garbage.stop();
    await this.#namespaces.stop();
    await this.#kinds.stop();
  }
}
