/** From the definition of a kind to the CustomResourceDefinition that a real cluster takes. */
import type { Column, ResourceDefinition } from '../definition.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';

/** Strategic merge does not exist for custom kinds, and CRDs refuse the words for it. */
const builtinOnly: readonly string[] = [
  'x-kubernetes-patch-strategy',
  'x-kubernetes-patch-merge-key',
];

function cleanSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(cleanSchema);
  if (!isRecord(node)) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([name]) => !builtinOnly.includes(name))
      .map(([name, value]) => [name, cleanSchema(value)]),
  );
}

/** Metadata is the API server's own; a CRD may only say that it is an object. */
function crdSchema(schema: SchemaNode): unknown {
  const properties = { ...schema.properties, metadata: { type: 'object' } };
  return cleanSchema({ ...schema, properties });
}

function printerColumn(column: Column): Record<string, unknown> {
  const { name, type, description, priority, jsonPath } = column;
  return {
    name,
    type,
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    jsonPath,
  };
}

/** The CustomResourceDefinition of a kind, as an object. */
export function crdOf(definition: ResourceDefinition): Record<string, unknown> {
  const { group, version, kind, listKind, plural, singular, shortNames, categories } = definition;
  const columns = definition.columns.filter((column) => column.jsonPath !== undefined);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind,
        plural,
        singular,
        ...(shortNames.length === 0 ? {} : { shortNames }),
        ...(categories.length === 0 ? {} : { categories }),
      },
      scope: definition.scope,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: crdSchema(definition.schema) },
          ...(definition.statusSubresource ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns.map(printerColumn),
        },
      ],
    },
  };
}
