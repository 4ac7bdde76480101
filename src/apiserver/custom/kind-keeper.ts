/**
 * Kinds that come and go at run time: every CustomResourceDefinition whose names are free is served from
 * the very commit that stored it; one that is deleted takes its objects along.
 *
 *   stored -> names free? -> served, Established
 *   deleted -> Terminating -> objects deleted -> finalizer removed -> not served
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  asCrd,
  crdOf,
  type CustomResourceDefinition,
  customResourceDefinition,
  type DynamicObject,
  equalJson,
  type KubeObject,
  type Registry,
  type ResourceDefinition,
  servedKinds,
  StatusError,
} from '#kube/index.ts';
import type { Change, Store } from '#store/index.ts';
import { WorkSet } from '../lifecycle/work-set.ts';
import { backgroundDelete, type ObjectRemover } from '../objects/object-remover.ts';
import type { ObjectWriter } from '../objects/object-writer.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { cleanupFinalizer, crdCollection, ownKind } from './kind-rules.ts';
import { nameConflict, statusOf, terminatingStatus } from './kind-status.ts';

export interface KindKeeperDeps {
  readonly clock: Clock;
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  readonly writer: ObjectWriter;
  readonly remover: ObjectRemover;
  readonly logger: Logger;
}

export class KindKeeper {
  readonly #deps: KindKeeperDeps;
  readonly #work: WorkSet;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: KindKeeperDeps) {
    this.#deps = deps;
    this.#work = new WorkSet(deps.logger, (name) => this.#examine(name));
  }

  /** Serves the kinds whose definitions are stored, and follows from then on. */
  start(): void {
    const { registry, store } = this.#deps;
    if (!registry.fixed.includes(customResourceDefinition)) return;
    this.#unsubscribe = store.onAnyChange((change) => this.#onChange(change));
    for (const { name, value } of store.list(crdCollection).objects) {
      this.#serve(asCrd(value));
      this.#work.add(name);
    }
  }

  /** Stores definitions of the server's own kinds, for clients that look for them. */
  async showOwn(): Promise<void> {
    const { fixed } = this.#deps.registry;
    if (!fixed.includes(customResourceDefinition)) return;
    for (const each of fixed) if (each.custom) await this.#show(each);
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#work.stop();
  }

  /** Stores the definition of one of our kinds, or brings the stored one up to date. */
  async #show(definition: ResourceDefinition): Promise<void> {
    const { store, writer, logger } = this.#deps;
    const value = crdOf(definition) as DynamicObject;
    const { name } = value.metadata;
    const stored = store.get(crdCollection, { namespace: '', name })?.value;
    const call = { dryRun: false, fieldManager: 'drawbridge', fieldValidation: 'Ignore' } as const;
    try {
      if (!stored) {
        const body = { value, duplicates: [] };
        await writer.create(targetOf(''), body, { ...call, warnings: [] });
        return;
      }
      const metadata = { ...stored.metadata };
      const body = { value: { ...value, metadata }, duplicates: [] };
      await writer.update(targetOf(name), body, { ...call, warnings: [] });
    } catch (thrown) {
      // The kind works all the same; only its description is missing or old.
      const error = messageOf(thrown);
      logger.warn('cannot store the definition of a kind', { resource: name, error });
    }
  }

  #onChange({ collection, name, type, value }: Change<KubeObject>): void {
    if (collection === crdCollection) {
      if (type === 'deleted') this.#drop(name);
      else {
        this.#serve(asCrd(value));
        this.#work.add(name);
      }
      return;
    }
    // A definition may wait for its last object.
    if (type === 'deleted' && this.#isEnding(collection)) this.#work.add(collection);
  }

  #isEnding(name: string): boolean {
    const stored = this.#deps.store.get(crdCollection, { namespace: '', name })?.value;
    return stored?.metadata.deletionTimestamp !== undefined;
  }

  #serve(crd: CustomResourceDefinition): void {
    const { registry } = this.#deps;
    const { name } = crd.metadata;
    if (ownKind(registry, name)) return;
    registry.replace(name, nameConflict(registry, crd) ? [] : servedKinds(crd));
  }

  /** Its names are free for others now. */
  #drop(name: string): void {
    const { registry, store } = this.#deps;
    registry.replace(name, []);
    for (const { name: other, value } of store.list(crdCollection).objects) {
      const { deletionTimestamp } = value.metadata;
      if (deletionTimestamp !== undefined || isEstablished(asCrd(value))) continue;
      this.#serve(asCrd(value));
      this.#work.add(other);
    }
  }

  async #examine(name: string): Promise<void> {
    const { store, registry } = this.#deps;
    const crd = store.get(crdCollection, { namespace: '', name })?.value;
    if (!crd) return;
    try {
      if (crd.metadata.deletionTimestamp !== undefined) await this.#cleanUp(asCrd(crd));
      else {
        const conflict = ownKind(registry, name) ? undefined : nameConflict(registry, asCrd(crd));
        await this.#report(name, (current, nowMs) => statusOf(current, conflict, nowMs));
      }
    } catch (thrown) {
      // Somebody else removed it first.
      if (!(thrown instanceof StatusError) || thrown.reason !== 'NotFound') throw thrown;
    }
  }

  async #report(
    name: string,
    make: (
      crd: CustomResourceDefinition,
      nowMs: number,
    ) => NonNullable<CustomResourceDefinition['status']>,
  ): Promise<void> {
    const change = (current: DynamicObject): DynamicObject => {
      const status = make(asCrd(current), this.#deps.clock.nowMs());
      return equalJson(status, current['status']) ? current : { ...current, status };
    };
    await this.#deps.writer.modify(targetOf(name), change, { dryRun: false, guarded: false });
  }

  /** Deletes the objects of the kind; when none is left, the definition may go. */
  async #cleanUp(crd: CustomResourceDefinition): Promise<void> {
    const { store, remover, writer } = this.#deps;
    const { name } = crd.metadata;
    if (!crd.metadata.finalizers?.includes(cleanupFinalizer)) return;
    const [definition] = servedKinds(crd);
    if (definition) {
      await this.#report(name, terminatingStatus);
      const targets = store.list(name).objects.flatMap(({ namespace, name: object, value }) => {
        const { uid, deletionTimestamp } = value.metadata;
        const target = { ...placeOf(definition), namespace, name: object };
        return deletionTimestamp === undefined ? [{ target, uid }] : [];
      });
      await remover.removeAll(targets, backgroundDelete);
      if (store.list(name, { limit: 1 }).objects.length > 0) return;
    }
    const release = (current: DynamicObject): DynamicObject => {
      const { finalizers = [], ...metadata } = current.metadata;
      const left = finalizers.filter((each) => each !== cleanupFinalizer);
      return {
        ...current,
        metadata: { ...metadata, ...(left.length === 0 ? {} : { finalizers: left }) },
      };
    };
    await writer.modify(targetOf(name), release, { dryRun: false, guarded: false });
  }
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  const { conditions = [] } = status ?? {};
  return conditions.some((each) => each.type === 'Established' && each.status === 'True');
}

function placeOf(definition: ResourceDefinition): ResourceTarget {
  const { group, version, plural } = definition;
  return { definition, group, version, resource: plural, namespace: '', name: '', subresource: '' };
}

function targetOf(name: string): ResourceTarget {
  return { ...placeOf(customResourceDefinition), name };
}
