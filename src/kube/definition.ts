/**
 * The definition of a kind: everything the API server, clients, generators and docs need to know
 * about it, once.
 */
import type { FieldError } from './field-error.ts';
import type { NameCheck } from './metadata.ts';
import type { GroupVersionKind, GroupVersionResource, KubeObject } from './object.ts';
import { apiVersionOf } from './object.ts';
import type { Schema } from './schema/node.ts';

/** A cell of a table. */
export type Cell = string | number | boolean | null;

/** A column of `kubectl get`. Custom kinds give a JSONPath, built-in kinds a function. */
export interface Column {
  /** Title as written; kubectl shows it in capitals. */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 always shown, above 0 only with `-o wide`. */
  readonly priority?: number;
  /** Simple JSONPath such as `.status.status`. */
  readonly jsonPath?: string;
  /** Cell of a built-in kind. */
  readonly cell?: (object: KubeObject, nowMs: number) => Cell;
}

/** A field that field selectors may name, beside metadata.name and metadata.namespace. */
export interface SelectableField {
  /** As written in selectors: `involvedObject.name`. */
  readonly path: string;
  /** Its value, empty when absent. Without it the value at `path` is taken. */
  readonly read?: (object: KubeObject) => string;
}

/** Where the numbers of `/scale` stand, as simple paths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  /** A selector as text, or as matchLabels and matchExpressions. */
  readonly selector?: string;
}

/** All about one kind. */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** One line for docs and OpenAPI. */
  readonly description: string;
  /** True when the kind follows the rules of custom resources (merge patch only, lists carry kinds). */
  readonly custom: boolean;
  readonly statusSubresource: boolean;
  /** True when clients may only read; what writes it has the store itself. */
  readonly readOnly?: boolean;
  /** Version in which objects are stored, where a kind has several; absent: its own. */
  readonly storageVersion?: string;
  /** What clients of this version are warned of. */
  readonly deprecation?: string;
  /** True while the kind is being removed: nothing new is created. */
  readonly closed?: boolean;
  /** Set when the kind has `/scale`. */
  readonly scale?: ScalePaths;
  /** True when metadata.generation is kept. */
  readonly hasGeneration: boolean;
  /** True when an update without resourceVersion is accepted. */
  readonly unconditionalUpdate: boolean;
  /** Schema of the whole object, apiVersion, kind and metadata included. */
  readonly schema: Schema<T>;
  /** All columns of a table, NAME included. CRDs carry those that have a path. */
  readonly columns: readonly Column[];
  readonly selectableFields: readonly SelectableField[];
  /** Rules for names, where they differ from RFC 1123 subdomains. */
  readonly nameCheck?: NameCheck;
  /** Fills in and converts before validation (Secret: stringData). Changes `object` in place. */
  readonly prepare?: (object: KubeObject, old: KubeObject | undefined) => void;
  /** Rules beyond schema and metadata. `old` is there on update. */
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => FieldError[];
}

/** The object type of a definition. */
export type ObjectOf<D> = D extends ResourceDefinition<infer T> ? T : never;

/** Group, version and kind of a definition. */
export function gvkOf(definition: ResourceDefinition): GroupVersionKind {
  return { group: definition.group, version: definition.version, kind: definition.kind };
}

/** Group, version and plural of a definition. */
export function gvrOf(definition: ResourceDefinition): GroupVersionResource {
  return { group: definition.group, version: definition.version, resource: definition.plural };
}

/** `plural.group`, or the plural alone in the core group, as error texts name resources. */
export function qualifiedResource(of: { readonly plural: string; readonly group: string }): string {
  return of.group === '' ? of.plural : `${of.plural}.${of.group}`;
}

/** `Kind.group`, or the kind alone in the core group. */
export function qualifiedKind(of: { readonly kind: string; readonly group: string }): string {
  return of.group === '' ? of.kind : `${of.kind}.${of.group}`;
}

/** The collection's path: `/api/v1/namespaces/NS/configmaps`, without namespace for all of them. */
export function collectionPath(definition: ResourceDefinition, namespace = ''): string {
  const root = definition.group === '' ? '/api' : '/apis';
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersionOf(definition)}${scope}/${definition.plural}`;
}

/** The path of one object. */
export function objectPath(
  definition: ResourceDefinition,
  key: { readonly namespace: string; readonly name: string },
): string {
  return `${collectionPath(definition, key.namespace)}/${encodeURIComponent(key.name)}`;
}
