/** From a CustomResourceDefinition to the definitions of the kind it describes, one for each version. */
import type { Column, ResourceDefinition, ScalePaths } from '../definition.ts';
import { metadataSchema } from '../metadata.ts';
import type { KubeObject } from '../object.ts';
import { string } from '../schema/build.ts';
import type { Schema, SchemaNode } from '../schema/node.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import type { CrdVersion, CustomResourceDefinition } from './crd-schema.ts';

/** Fields that every object has, whatever its schema says. */
const common: Readonly<Record<string, SchemaNode>> = {
  apiVersion: string('Group and version of this object.'),
  kind: string('Kind of this object.'),
  metadata: metadataSchema,
};

/** The kind in each of its served versions, the most stable first. */
export function servedKinds(crd: CustomResourceDefinition): ResourceDefinition[] {
  const { versions = [] } = crd.spec ?? {};
  const served = versions.filter((version) => version.served === true);
  served.sort((a, b) => compareVersions(a.name ?? '', b.name ?? ''));
  const storage = versions.find((version) => version.storage === true)?.name ?? '';
  return served.map((version) => servedKind(crd, version, storage));
}

function servedKind(
  crd: CustomResourceDefinition,
  version: CrdVersion,
  storageVersion: string,
): ResourceDefinition {
  const { group = '', names = {}, scope } = crd.spec ?? {};
  const { kind = '', plural = '', listKind = '', singular = '' } = names;
  const { name = '', schema, subresources } = version;
  const root = schema?.openAPIV3Schema ?? {};
  const scale = scalePaths(version);
  const deprecation = deprecationOf(version, `${group}/${name} ${kind}`);
  return {
    group,
    version: name,
    kind,
    listKind,
    plural,
    singular,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    scope: scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    description: root.description ?? '',
    custom: true,
    statusSubresource: subresources?.status !== undefined,
    hasGeneration: true,
    unconditionalUpdate: false,
    schema: wholeSchema(root),
    columns: columnsOf(version),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath = '' }) => ({
      path: jsonPath.slice(1),
    })),
    storageVersion,
    ...(scale === undefined ? {} : { scale }),
    ...(deprecation === undefined ? {} : { deprecation }),
    ...(crd.metadata.deletionTimestamp === undefined ? {} : { closed: true }),
  };
}

function scalePaths({ subresources }: CrdVersion): ScalePaths | undefined {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = subresources?.scale ?? {};
  if (specReplicasPath === undefined || statusReplicasPath === undefined) return undefined;
  const selector = labelSelectorPath ?? '';
  return {
    specReplicas: specReplicasPath,
    statusReplicas: statusReplicasPath,
    ...(selector === '' ? {} : { selector }),
  };
}

function deprecationOf(version: CrdVersion, what: string): string | undefined {
  if (version.deprecated !== true) return undefined;
  const given = version.deprecationWarning ?? '';
  return given === '' ? `${what} is deprecated` : given;
}

function columnsOf({ additionalPrinterColumns = [] }: CrdVersion): Column[] {
  if (additionalPrinterColumns.length === 0) return [nameColumn, ageColumn];
  const own = additionalPrinterColumns.map(
    ({ name = '', type = 'string', format, description, priority, jsonPath = '' }): Column => ({
      name,
      type,
      jsonPath,
      ...(format === undefined ? {} : { format }),
      ...(description === undefined ? {} : { description }),
      ...(priority === undefined ? {} : { priority }),
    }),
  );
  return [nameColumn, ...own];
}

function wholeSchema(root: SchemaNode): Schema<KubeObject> {
  return { ...withEmbedded(root), properties: { ...withEmbedded(root).properties, ...common } };
}

/** Objects inside objects have the common fields too. */
function withEmbedded(node: SchemaNode): SchemaNode {
  const { properties, additionalProperties, items } = node;
  const below: Record<string, SchemaNode> = {};
  for (const [name, child] of Object.entries(properties ?? {})) below[name] = withEmbedded(child);
  if (node['x-kubernetes-embedded-resource'] === true) Object.assign(below, common);
  return {
    ...node,
    ...(Object.keys(below).length === 0 ? {} : { properties: below }),
    ...(items === undefined ? {} : { items: withEmbedded(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: withEmbedded(additionalProperties) }
      : {}),
  };
}

const versionForm = /^v(\d+)(?:(alpha|beta)(\d+))?$/u;
const stability = ['alpha', 'beta', undefined];

/**
 * The order of Kubernetes: stable before beta before alpha, newer first, other names last and by name.
 * @spec Kubernetes CRD version priority
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionForm.exec(a), versionForm.exec(b)];
  if (!left || !right) {
    if (left) return -1;
    if (right) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return (
    stability.indexOf(right[2]) - stability.indexOf(left[2]) ||
    Number(right[1]) - Number(left[1]) ||
    Number(right[3] ?? 0) - Number(left[3] ?? 0)
  );
}
