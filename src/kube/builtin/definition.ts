/** What the built-in kinds have in common. */
import type { ResourceDefinition } from '../definition.ts';
import { metadataSchema } from '../metadata.ts';
import type { KubeObject, ObjectMeta } from '../object.ts';
import { object, string } from '../schema/build.ts';
import type { Infer, Schema } from '../schema/node.ts';

type Fields = Readonly<Record<string, Schema<unknown>>>;

/** The type of an object with the given fields beside apiVersion, kind and metadata. */
export type ObjectWith<O extends Fields> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
} & {
  -readonly [K in keyof O]?: Infer<O[K]>;
};

/** The schema of a whole object with the given fields. */
export function objectSchema<O extends Fields>(
  description: string,
  fields: O,
): Schema<ObjectWith<O>> {
  const node = object(description, {
    optional: {
      apiVersion: string('Group and version of this object.'),
      kind: string('Kind of this object.'),
      metadata: metadataSchema,
      ...fields,
    },
  });
  // The server sees to it that the three common fields are there.
  return node as Schema<unknown> as Schema<ObjectWith<O>>;
}

type Given<T extends KubeObject> = Pick<
  ResourceDefinition<T>,
  'kind' | 'plural' | 'description' | 'schema' | 'columns'
> &
  Partial<ResourceDefinition<T>>;

/** A built-in definition: core/v1, namespaced, without status, unless said otherwise. */
export function builtin<T extends KubeObject>(given: Given<T>): ResourceDefinition<T> {
  return {
    group: '',
    version: 'v1',
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    custom: false,
    statusSubresource: false,
    hasGeneration: false,
    unconditionalUpdate: true,
    selectableFields: [],
    ...given,
  };
}
