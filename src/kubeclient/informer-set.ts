/** One informer per kind, shared by all controllers of a process. */
import type { Running } from '#base/lifecycle.ts';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import {
  Informer,
  type InformerDeps,
  type InformerOptions,
  type NamespaceGate,
} from './informer.ts';

export class InformerSet implements Running {
  readonly #deps: InformerDeps;
  readonly #namespace: string | undefined;
  readonly #gate: NamespaceGate | undefined;
  readonly #informers = new Map<string, Informer>();
  #started = false;

  /**
   * @param options.namespace watch only this namespace; absent: all
   * @param options.gate objects of namespaces that it does not admit are passed over
   */
  constructor(
    deps: InformerDeps,
    options: { readonly namespace?: string; readonly gate?: NamespaceGate } = {},
  ) {
    this.#deps = deps;
    this.#gate = options.gate;
    this.#namespace = options.namespace;
  }

  /**
   * The informer of a kind, made on first use. Options count on first use only.
   * After `start` a new one starts by itself.
   */
  of<T extends KubeObject>(
    definition: ResourceDefinition<T>,
    options: InformerOptions<T> = {},
  ): Informer<T> {
    const id = `${definition.plural}.${definition.group}`;
    const known = this.#informers.get(id);
    // The map is keyed by kind, so what is under this kind's id was made from its definition.
    if (known !== undefined) return known as unknown as Informer<T>;
    const scoped = definition.scope === 'Namespaced' && this.#namespace !== undefined;
    const informer = new Informer<T>(definition, this.#deps, {
      ...(scoped && this.#namespace !== undefined ? { namespace: this.#namespace } : {}),
      ...(this.#gate === undefined ? {} : { gate: this.#gate }),
      ...options,
    });
    this.#informers.set(id, informer as unknown as Informer);
    if (this.#started) informer.start();
    return informer;
  }

  start(): void {
    this.#started = true;
    for (const informer of this.#informers.values()) informer.start();
  }

  /** Resolves when every informer known now has its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.stop()));
  }
}

/** Where keys go; a reconcile loop is one. */
export interface KeyReceiver<Key> {
  add(key: Key): void;
}

/**
 * Feeds a loop from an informer: each change of an object adds the keys it maps to; an update adds
 * those of the object as it was, too, so that what it no longer refers to is looked at again.
 * @returns takes the watch away
 */
export function feed<T extends KubeObject, Key>(
  informer: Informer<T>,
  receiver: KeyReceiver<Key>,
  keysOf: (object: T) => readonly Key[],
): () => void {
  return informer.onChange((change) => {
    for (const key of keysOf(change.object)) receiver.add(key);
    if (change.type !== 'updated' || change.previous === undefined) return;
    for (const key of keysOf(change.previous)) receiver.add(key);
  });
}
