/** Gives every namespace its ServiceAccount `default`, and gives it back when it is deleted. */
import type { Logger } from '#base/log.ts';
import { type KubeObject, type Registry, StatusError } from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import { WorkSet } from '../lifecycle/work-set.ts';
import { namespacesCollection } from '../objects/namespace-rules.ts';
import type { ObjectWriter } from '../objects/object-writer.ts';

export interface AccountKeeperDeps {
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  readonly writer: ObjectWriter;
  readonly logger: Logger;
}

const accounts = 'serviceaccounts';
const name = 'default';

export class AccountKeeper {
  readonly #deps: AccountKeeperDeps;
  readonly #work: WorkSet;
  readonly #ends: (() => void)[] = [];

  constructor(deps: AccountKeeperDeps) {
    this.#deps = deps;
    this.#work = new WorkSet(deps.logger, (namespace) => this.#ensure(namespace));
  }

  /** From then on every namespace gets its account. */
  start(): Promise<void> {
    const { store } = this.#deps;
    for (const each of store.list(namespacesCollection).objects) this.#work.add(each.name);
    this.#ends.push(
      store.onChange(namespacesCollection, (change) => {
        if (change.type === 'added') this.#work.add(change.name);
      }),
      store.onChange(accounts, (change) => {
        if (change.type === 'deleted' && change.name === name) this.#work.add(change.namespace);
      }),
    );
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#work.stop();
  }

  async #ensure(namespace: string): Promise<void> {
    const { store, registry, writer } = this.#deps;
    const home = store.get(namespacesCollection, { namespace: '', name: namespace })?.value;
    const definition = registry.byResource('', 'v1', accounts);
    if (!home || home.metadata.deletionTimestamp !== undefined || !definition) return;
    if (store.get(accounts, { namespace, name })) return;
    const place = { group: '', version: 'v1', resource: accounts, subresource: '' };
    const call = { dryRun: false, fieldManager: 'drawbridge', fieldValidation: 'Ignore' } as const;
    try {
      await writer.create(
        { definition, ...place, namespace, name: '' },
        { value: { metadata: { name } }, duplicates: [] },
        { ...call, warnings: [] },
      );
    } catch (thrown) {
      // Somebody else made it, or the namespace is going: both are fine.
      const reason = thrown instanceof StatusError ? thrown.reason : undefined;
      if (reason !== 'AlreadyExists' && reason !== 'Forbidden' && reason !== 'NotFound')
        throw thrown;
    }
  }
}
