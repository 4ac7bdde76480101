/**
 * Roles and bindings, indexed by subject: a request costs a few look-ups, however many bindings there
 * are. The caller keeps it current.
 */
import { type Attributes, type PolicyRule, ruleAllows } from './rule.ts';
import {
  type BindingEntry,
  describeGrant,
  keysOf,
  rbacGroup,
  type RoleEntry,
  type RoleRef,
  type Subject,
  subjectKey,
} from './role.ts';
import type { User } from './user.ts';

/** A binding through one of its subjects. */
interface Held {
  readonly binding: BindingEntry;
  readonly subject: Subject;
}

export interface Decision {
  readonly allowed: boolean;
  /** Which binding allowed it, or what is broken among those that could have; may be empty. */
  readonly reason: string;
}

/** The rules that somebody has in one place, and what is broken among them. */
export interface HeldRules {
  readonly rules: readonly PolicyRule[];
  readonly faults: readonly string[];
}

export class AccessIndex {
  readonly #roles = new Map<string, RoleEntry>();
  readonly #bindings = new Map<string, BindingEntry>();
  /** By namespace and subject, then by name of the binding. */
  readonly #held = new Map<string, Map<string, Held>>();

  /** Adds a role or puts it in the place of the one with its name. */
  setRole(role: RoleEntry): void {
    this.#roles.set(keyOf(role), role);
  }

  removeRole(role: { readonly namespace: string; readonly name: string }): void {
    this.#roles.delete(keyOf(role));
  }

  /** Adds a binding or puts it in the place of the one with its name. */
  setBinding(binding: BindingEntry): void {
    this.removeBinding(binding);
    this.#bindings.set(keyOf(binding), binding);
    for (const subject of binding.subjects) {
      const key = subjectKey(subject, binding.namespace);
      if (key === undefined) continue;
      const place = heldKey(binding.namespace, key);
      const known = this.#held.get(place) ?? new Map<string, Held>();
      if (!known.has(binding.name)) known.set(binding.name, { binding, subject });
      this.#held.set(place, known);
    }
  }

  removeBinding(key: { readonly namespace: string; readonly name: string }): void {
    const binding = this.#bindings.get(keyOf(key));
    if (!binding) return;
    this.#bindings.delete(keyOf(key));
    for (const subject of binding.subjects) {
      const place = heldKey(binding.namespace, subjectKey(subject, binding.namespace) ?? '');
      const known = this.#held.get(place);
      known?.delete(binding.name);
      if (known?.size === 0) this.#held.delete(place);
    }
  }

  /** Whether some rule allows it. */
  decide(user: User, attributes: Attributes): Decision {
    const faults: string[] = [];
    const namespace = attributes.type === 'resource' ? attributes.namespace : '';
    for (const held of this.#of(user, namespace)) {
      const rules = this.rulesOf(held.binding.roleRef, held.binding.namespace);
      if (typeof rules === 'string') {
        faults.push(rules);
        continue;
      }
      if (rules.some((rule) => ruleAllows(rule, attributes))) {
        const reason = `RBAC: allowed by ${describeGrant(held.binding, held.subject)}`;
        return { allowed: true, reason };
      }
    }
    return { allowed: false, reason: faults.length === 0 ? '' : `RBAC: ${faultsText(faults)}` };
  }

  /** All rules of a user at the cluster scope and, when one is given, in a namespace. */
  rulesFor(user: User, namespace: string): HeldRules {
    const found: PolicyRule[] = [];
    const faults: string[] = [];
    for (const { binding } of this.#of(user, namespace)) {
      const rules = this.rulesOf(binding.roleRef, binding.namespace);
      if (typeof rules === 'string') faults.push(rules);
      else found.push(...rules);
    }
    return { rules: found, faults };
  }

  /** The rules of a role, or why there are none. */
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | string {
    if (ref.kind !== 'Role' && ref.kind !== 'ClusterRole') {
      return `unsupported role reference kind: ${JSON.stringify(ref.kind)}`;
    }
    const place = ref.kind === 'Role' ? namespace : '';
    // A Role at the cluster scope does not exist: its key would be that of a ClusterRole.
    const role =
      ref.kind === 'Role' && namespace === ''
        ? undefined
        : this.#roles.get(keyOf({ namespace: place, name: ref.name }));
    if (role) return role.rules;
    return `${ref.kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(ref.name)} not found`;
  }

  *#of(user: User, namespace: string): Generator<Held> {
    const keys = keysOf(user);
    for (const place of namespace === '' ? [''] : ['', namespace]) {
      for (const key of keys) yield* this.#held.get(heldKey(place, key))?.values() ?? [];
    }
  }
}

/** Several faults as Kubernetes writes them: bare when single, in brackets otherwise. */
function faultsText(faults: readonly string[]): string {
  const different = [...new Set(faults)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function heldKey(namespace: string, subject: string): string {
  return `${namespace}/${subject}`;
}
