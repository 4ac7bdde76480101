/** Makes the permanent namespaces, and empties and removes namespaces whose delete was asked for. */
import type { Logger } from '#base/log.ts';
import {
  type DynamicObject,
  isRecord,
  type KubeObject,
  qualifiedResource,
  type Registry,
  StatusError,
} from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import {
  contentsFinalizer,
  namespaceFinalizers,
  namespacesCollection,
  permanentNamespaces,
} from '../objects/namespace-rules.ts';
import { backgroundDelete, type ObjectRemover } from '../objects/object-remover.ts';
import type { ObjectWriter } from '../objects/object-writer.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { targetOfObject } from './garbage-collector.ts';
import { WorkSet } from './work-set.ts';

export interface NamespaceKeeperDeps {
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  readonly writer: ObjectWriter;
  readonly remover: ObjectRemover;
  readonly logger: Logger;
}

export class NamespaceKeeper {
  readonly #deps: NamespaceKeeperDeps;
  readonly #work: WorkSet;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: NamespaceKeeperDeps) {
    this.#deps = deps;
    this.#work = new WorkSet(deps.logger, (name) => this.#examine(name));
  }

  /** Makes what must exist, takes up what was left half done, and follows from then on. */
  async start(): Promise<void> {
    for (const name of permanentNamespaces) await this.#ensure(name);
    const { store } = this.#deps;
    this.#unsubscribe = store.onAnyChange(({ collection, namespace, name, type, value }) => {
      if (collection === namespacesCollection) {
        if (value.metadata.deletionTimestamp !== undefined) this.#work.add(name);
      } else if (type === 'deleted' && this.#isEnding(namespace)) this.#work.add(namespace);
    });
    for (const { name, value } of store.list(namespacesCollection).objects) {
      if (value.metadata.deletionTimestamp !== undefined) this.#work.add(name);
    }
    for (const namespace of this.#namespacesInUse()) {
      if (!store.get(namespacesCollection, { namespace: '', name: namespace })) {
        this.#work.add(namespace);
      }
    }
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#work.stop();
  }

  async #ensure(name: string): Promise<void> {
    const target = this.#targetOf(name);
    if (!target || this.#deps.store.get(namespacesCollection, { namespace: '', name })) return;
    const value = { metadata: { name } };
    const call = {
      dryRun: false,
      fieldManager: 'drawbridge',
      fieldValidation: 'Ignore',
    } as const;
    await this.#deps.writer.create(
      { ...target, name: '' },
      { value, duplicates: [] },
      { ...call, warnings: [] },
    );
  }

  #isEnding(name: string): boolean {
    const namespace = this.#deps.store.get(namespacesCollection, { namespace: '', name });
    return namespace?.value.metadata.deletionTimestamp !== undefined;
  }

  #namespacesInUse(): Set<string> {
    const { store } = this.#deps;
    const found = new Set<string>();
    for (const collection of store.collections()) {
      for (const { namespace } of store.list(collection).objects) found.add(namespace);
    }
    found.delete('');
    return found;
  }

  async #examine(name: string): Promise<void> {
    const { store } = this.#deps;
    const namespace = store.get(namespacesCollection, { namespace: '', name })?.value;
    if (namespace && namespace.metadata.deletionTimestamp === undefined) return;
    await this.#empty(name);
    const target = namespace && this.#targetOf(name);
    if (!target || this.#holdsAnything(name)) return;
    await ignoreMissing(
      this.#deps.writer.modify(target, withoutContentsFinalizer, { dryRun: false, guarded: false }),
    );
  }

  /** Deletes all that is in the namespace; what has finalizers stays until they are gone. */
  async #empty(namespace: string): Promise<void> {
    const { store, registry, remover } = this.#deps;
    for (const collection of store.collections()) {
      const { objects } = store.list(collection, { namespace });
      const targets = objects.flatMap(({ value, name }) => {
        const target = targetOfObject(registry, value, { namespace, name });
        const { deletionTimestamp, uid } = value.metadata;
        return target && deletionTimestamp === undefined ? [{ target, uid }] : [];
      });
      await remover.removeAll(targets, backgroundDelete);
    }
  }

  #holdsAnything(namespace: string): boolean {
    const { store, registry } = this.#deps;
    return registry.all.some(
      (definition) =>
        definition.scope === 'Namespaced' &&
        store.list(qualifiedResource(definition), { namespace, limit: 1 }).objects.length > 0,
    );
  }

  #targetOf(name: string): ResourceTarget | undefined {
    const definition = this.#deps.registry.byResource('', 'v1', namespacesCollection);
    if (!definition) return undefined;
    const { group, version, plural } = definition;
    return { definition, group, version, resource: plural, namespace: '', name, subresource: '' };
  }
}

function withoutContentsFinalizer(current: DynamicObject): DynamicObject {
  const finalizers = namespaceFinalizers(current).filter((name) => name !== contentsFinalizer);
  const { spec } = current;
  return { ...current, spec: { ...(isRecord(spec) ? spec : {}), finalizers } };
}

/** Somebody else may have removed it first. */
async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof StatusError) || thrown.reason !== 'NotFound') throw thrown;
  }
}
