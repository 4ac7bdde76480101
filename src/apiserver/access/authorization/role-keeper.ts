/**
 * Makes the default roles and bindings, gives them what a newer version added, and keeps aggregated
 * ClusterRoles at what their parts say. What a user added stays; a role annotated with
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
 */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  type DynamicObject,
  equalJson,
  isRecord,
  type KubeObject,
  type LabelSelectorSpec,
  type Registry,
  type ResourceDefinition,
} from '#kube/index.ts';
import {
  aggregatedRules,
  type PolicyRule,
  rbacGroup,
  type RolePart,
  type Subject,
  uncoveredRules,
} from '#rbac/index.ts';
import type { Store } from '#store/index.ts';
import { WorkSet } from '../../lifecycle/work-set.ts';
import type { ObjectWriter } from '../../objects/object-writer.ts';
import type { ResourceTarget } from '../../request/request-path.ts';
import {
  type DefaultBinding,
  defaultBindings,
  type DefaultRole,
  defaultRoles,
} from './default-roles.ts';
import { rbacCollection } from './stored-roles.ts';

export interface RoleKeeperDeps {
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  readonly writer: ObjectWriter;
  readonly logger: Logger;
}

type Role = KubeObject & {
  rules?: readonly PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: readonly LabelSelectorSpec[] };
};

type Binding = KubeObject & { subjects?: readonly Subject[] | null };

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';
const marks = {
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { [autoUpdate]: 'true' },
};
/** In the work set; no role is called so. */
const defaults = '/defaults';
const roles = 'clusterroles';
const bindings = 'clusterrolebindings';

export class RoleKeeper {
  readonly #deps: RoleKeeperDeps;
  readonly #work: WorkSet;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: RoleKeeperDeps) {
    this.#deps = deps;
    this.#work = new WorkSet(deps.logger, (item) =>
      item === defaults ? this.#ensureDefaults() : this.#aggregate(item),
    );
  }

  /**
   * All defaults are there and aggregated when it resolves. When they cannot be written (a full disk),
   * the server serves what it has and they are tried again.
   */
  async start(): Promise<void> {
    try {
      await this.#ensureDefaults();
    } catch (thrown) {
      this.#deps.logger.warn('default roles not written', { error: messageOf(thrown) });
      this.#work.add(defaults);
    }
    const { store } = this.#deps;
    this.#unsubscribe = store.onChange(rbacCollection(roles), () => this.#addAggregated());
    this.#addAggregated();
  }

  async #ensureDefaults(): Promise<void> {
    const roleKind = this.#kindOf(roles);
    const bindingKind = this.#kindOf(bindings);
    if (!roleKind || !bindingKind) return;
    for (const role of defaultRoles) await this.#ensureRole(roleKind, role);
    for (const binding of defaultBindings) await this.#ensureBinding(bindingKind, binding);
    // Parts before what is made of them: view goes into edit, edit into admin.
    const aggregated = defaultRoles.filter(({ aggregates }) => aggregates !== undefined);
    for (const { name } of aggregated.toReversed()) await this.#aggregate(name);
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#work.stop();
  }

  #addAggregated(): void {
    for (const { name, value } of this.#deps.store.list(rbacCollection(roles)).objects) {
      const { aggregationRule }: Role = value;
      if (aggregationRule) this.#work.add(name);
    }
  }

  async #ensureRole(definition: ResourceDefinition, wanted: DefaultRole): Promise<void> {
    const { name, aggregates } = wanted;
    const labels = { ...marks.labels, ...wanted.labels };
    const stored = this.#read(roles, name);
    if (!stored) {
      await this.#create(definition, {
        metadata: { name, labels, annotations: marks.annotations },
        rules: wanted.rules,
        ...(aggregates === undefined
          ? {}
          : {
              aggregationRule: {
                clusterRoleSelectors: [{ matchLabels: { [aggregates]: 'true' } }],
              },
            }),
      });
      return;
    }
    await this.#modify(definition, name, (current) => {
      const { rules }: Role = current;
      const missing = uncoveredRules(rules ?? [], wanted.rules);
      const next = withMarks(current, labels);
      return missing.length === 0 ? next : { ...next, rules: [...(rules ?? []), ...missing] };
    });
  }

  async #ensureBinding(definition: ResourceDefinition, wanted: DefaultBinding): Promise<void> {
    const { name } = wanted;
    const subjects = wanted.groups.map((group) => ({
      kind: 'Group',
      apiGroup: rbacGroup,
      name: group,
    }));
    if (!this.#read(bindings, name)) {
      await this.#create(definition, {
        metadata: { name, labels: marks.labels, annotations: marks.annotations },
        roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
        subjects,
      });
      return;
    }
    await this.#modify(definition, name, (current) => {
      const { subjects: there }: Binding = current;
      const missing = subjects.filter(
        (subject) => !there?.some((each) => each.kind === 'Group' && each.name === subject.name),
      );
      const next = withMarks(current, marks.labels);
      return missing.length === 0 ? next : { ...next, subjects: [...(there ?? []), ...missing] };
    });
  }

  async #aggregate(name: string): Promise<void> {
    const definition = this.#kindOf(roles);
    if (!definition || !this.#read(roles, name)) return;
    const parts = this.#deps.store
      .list(rbacCollection(roles))
      .objects.map(({ name: part, value }): RolePart => {
        const { rules, metadata }: Role = value;
        return { name: part, rules: rules ?? [], labels: metadata.labels ?? {} };
      });
    const change = (current: DynamicObject): DynamicObject => {
      const { aggregationRule, rules }: Role = current;
      if (!aggregationRule) return current;
      const next = aggregatedRules(aggregationRule.clusterRoleSelectors ?? [], parts, name);
      return equalJson(next, rules ?? []) ? current : { ...current, rules: next };
    };
    const options = { dryRun: false, guarded: false };
    await this.#deps.writer.modify(targetOf(definition, name), change, options);
  }

  #kindOf(plural: string): ResourceDefinition | undefined {
    return this.#deps.registry.byResource(rbacGroup, 'v1', plural);
  }

  #read(plural: string, name: string): KubeObject | undefined {
    return this.#deps.store.get(rbacCollection(plural), { namespace: '', name })?.value;
  }

  async #create(definition: ResourceDefinition, value: Record<string, unknown>): Promise<void> {
    const call = { dryRun: false, fieldManager: 'drawbridge', fieldValidation: 'Strict' } as const;
    // The writer takes over what it is given; the defaults are shared.
    const body = { value: structuredClone(value), duplicates: [] };
    await this.#deps.writer.create(targetOf(definition, ''), body, { ...call, warnings: [] });
  }

  async #modify(
    definition: ResourceDefinition,
    name: string,
    change: (current: DynamicObject) => DynamicObject,
  ): Promise<void> {
    const kept = (current: DynamicObject): DynamicObject =>
      current.metadata.annotations?.[autoUpdate] === 'false' ? current : change(current);
    const options = { dryRun: false, guarded: false };
    await this.#deps.writer.modify(targetOf(definition, name), kept, options);
  }
}

/** The object with the marks of a default one. */
function withMarks(
  current: DynamicObject,
  labels: Readonly<Record<string, string>>,
): DynamicObject {
  const { metadata } = current;
  const wanted = {
    labels: { ...metadata.labels, ...labels },
    annotations: { ...marks.annotations, ...metadata.annotations },
  };
  const same =
    equalJson(metadata.labels ?? {}, wanted.labels) &&
    isRecord(metadata.annotations) &&
    equalJson(metadata.annotations, wanted.annotations);
  return same ? current : { ...current, metadata: { ...metadata, ...wanted } };
}

function targetOf(definition: ResourceDefinition, name: string): ResourceTarget {
  const { group, version, plural } = definition;
  return { definition, group, version, resource: plural, namespace: '', name, subresource: '' };
}
