/** Roles and bindings as they are stored, in an index that is current with every commit. */
import { type KubeObject } from '#kube/index.ts';
import {
  AccessIndex,
  type Attributes,
  type BindingEntry,
  type Decision,
  type HeldRules,
  type PolicyRule,
  rbacGroup,
  type RoleEntry,
  type RoleRef,
  type Subject,
  type User,
} from '#rbac/index.ts';
import type { Store, StoredObject } from '#store/index.ts';
import type { Authorizer } from './authorizer.ts';

/** Collection in the store of a kind of RBAC. */
export function rbacCollection(plural: string): string {
  return `${plural}.${rbacGroup}`;
}

type Stored = Pick<StoredObject<KubeObject>, 'namespace' | 'name' | 'value'>;

export class StoredRoles implements Authorizer {
  readonly #store: Store<KubeObject>;
  readonly #index = new AccessIndex();
  readonly #ends: (() => void)[] = [];

  constructor(store: Store<KubeObject>) {
    this.#store = store;
  }

  /** Reads what there is and follows it from then on. */
  start(): void {
    for (const plural of ['roles', 'clusterroles']) {
      this.#follow(plural, {
        set: (stored) => this.#index.setRole(roleOf(stored)),
        remove: (stored) => this.#index.removeRole(stored),
      });
    }
    for (const plural of ['rolebindings', 'clusterrolebindings']) {
      this.#follow(plural, {
        set: (stored) => this.#index.setBinding(bindingOf(stored)),
        remove: (stored) => this.#index.removeBinding(stored),
      });
    }
  }

  stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    return Promise.resolve();
  }

  decide(user: User, attributes: Attributes): Decision {
    return this.#index.decide(user, attributes);
  }

  /** What a user holds at the cluster scope and in a namespace. */
  rulesFor(user: User, namespace: string): HeldRules {
    return this.#index.rulesFor(user, namespace);
  }

  /** The rules of a role; the text says why there are none. */
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | string {
    return this.#index.rulesOf(ref, namespace);
  }

  #follow(
    plural: string,
    apply: { readonly set: (stored: Stored) => void; readonly remove: (stored: Stored) => void },
  ): void {
    const collection = rbacCollection(plural);
    for (const stored of this.#store.list(collection).objects) apply.set(stored);
    this.#ends.push(
      this.#store.onChange(collection, (change) => {
        if (change.type === 'deleted') apply.remove(change);
        else apply.set(change);
      }),
    );
  }
}

function roleOf({ namespace, name, value }: Stored): RoleEntry {
  const { rules }: { rules?: readonly PolicyRule[] | null } & KubeObject = value;
  return { namespace, name, rules: rules ?? [] };
}

function bindingOf({ namespace, name, value }: Stored): BindingEntry {
  const { roleRef, subjects }: { roleRef?: RoleRef; subjects?: readonly Subject[] } & KubeObject =
    value;
  return { namespace, name, roleRef: roleRef ?? { kind: '', name: '' }, subjects: subjects ?? [] };
}
