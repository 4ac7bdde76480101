/** How custom kinds are defined: spec and status, columns by path, the rules of custom resources. */
import type { Column, ResourceDefinition } from './definition.ts';
import { metadataSchema } from './metadata.ts';
import type { KubeObject, ObjectMeta } from './object.ts';
import { object, string } from './schema/build.ts';
import type { Schema, ValidationRule } from './schema/node.ts';
import { nameColumn } from './table/table.ts';

/** A custom object; clients may leave out `spec`, so readers must cope without. */
export type CustomObject<S, T> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: S;
  status?: T;
};

/** A custom object of a kind that insists on its spec. */
export type CustomObjectWithSpec<S, T> = Omit<CustomObject<S, T>, 'spec'> & { spec: S };

const common = {
  apiVersion: string('Group and version of this object.'),
  kind: string('Kind of this object.'),
  metadata: metadataSchema,
};

/** Schema of a kind with spec and status. */
export function customSchema<S, T>(
  description: string,
  spec: Schema<S>,
  status: Schema<T>,
): Schema<CustomObject<S, T>> {
  const node = object(description, { optional: { ...common, spec, status } });
  // The server sees to it that apiVersion, kind and metadata are there.
  return node as Schema<unknown> as Schema<CustomObject<S, T>>;
}

/** Schema of a kind whose objects must have a spec. */
export function customSchemaWithSpec<S, T>(
  description: string,
  spec: Schema<S>,
  status: Schema<T>,
  rules?: readonly ValidationRule[],
): Schema<CustomObjectWithSpec<S, T>> {
  const fields = { required: { spec }, optional: { ...common, status } };
  const node = object(description, fields, rules === undefined ? {} : { rules });
  return node as Schema<unknown> as Schema<CustomObjectWithSpec<S, T>>;
}

type Given<T extends KubeObject> = Pick<
  ResourceDefinition<T>,
  'group' | 'version' | 'kind' | 'plural' | 'description' | 'schema'
> &
  Partial<ResourceDefinition<T>> & {
    /** Columns after NAME. */
    readonly columns: readonly Column[];
  };

/** A custom definition: namespaced, with status and generation, unless said otherwise. */
export function customDefinition<T extends KubeObject>(given: Given<T>): ResourceDefinition<T> {
  return {
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    custom: true,
    statusSubresource: true,
    hasGeneration: true,
    unconditionalUpdate: false,
    selectableFields: [],
    ...given,
    columns: [nameColumn, ...given.columns],
  };
}
