/** CustomResourceDefinition (apiextensions.k8s.io/v1): a kind of your own. */
import { builtin } from '../builtin/definition.ts';
import type { KubeObject } from '../object.ts';
import { createdAtColumn, nameColumn } from '../table/table.ts';
import { checkCrd } from './crd-check.ts';
import type { CustomResourceDefinition } from './crd-schema.ts';
import { crdSchema } from './crd-schema.ts';

/** The object as a definition. */
export const asCrd = (target: KubeObject): CustomResourceDefinition => target;

function prepare(target: KubeObject): void {
  const { spec } = asCrd(target);
  if (!spec) return;
  const names = (spec.names ??= {});
  const { kind = '' } = names;
  if ((names.singular ?? '') === '') names.singular = kind.toLowerCase();
  if ((names.listKind ?? '') === '' && kind !== '') names.listKind = `${kind}List`;
  spec.conversion ??= { strategy: 'None' };
  for (const version of spec.versions ?? []) {
    version.served ??= false;
    version.storage ??= false;
  }
}

/** Definition of CustomResourceDefinition. */
export const customResourceDefinition = builtin({
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  description: 'A kind of your own.',
  statusSubresource: true,
  hasGeneration: true,
  unconditionalUpdate: false,
  schema: crdSchema,
  columns: [nameColumn, createdAtColumn],
  prepare,
  validate: (target, before) =>
    checkCrd(asCrd(target), before === undefined ? undefined : asCrd(before)),
});
