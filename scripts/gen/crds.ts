/** Makes the CustomResourceDefinitions of our kinds from their definitions. */
import { stringify } from 'yaml';
import { apiDefinitions } from '#apis/index.ts';
import { type Column, isRecord, type ResourceDefinition, type SchemaNode } from '#kube/index.ts';

const heading = '# Generated from src/apis by scripts/gen/crds.ts. Do not edit.\n';

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

/** kubectl reads YAML 1.1, where a bare `n` or `on` is a truth value: such words get quotes. */
const yamlStyle = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 100 } as const;

/** File texts by path from the root of the repository. */
export function generateCrds(): Map<string, string> {
  return new Map(
    apiDefinitions.map((definition) => [
      `deploy/crds/${definition.group}_${definition.plural}.yaml`,
      heading + stringify(crdOf(definition), yamlStyle),
    ]),
  );
}
