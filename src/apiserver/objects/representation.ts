/** Objects, lists and watch events in the form that was asked for. */
import { unreachable } from '#base/assert.ts';
import {
  apiVersionOf,
  type KubeObject,
  type ListMeta,
  partialObject,
  type ResourceDefinition,
  type TableRenderer,
} from '#kube/index.ts';
import type { Negotiated } from '../request/media-type.ts';
import { inVersion } from './stored-version.ts';
import type { ListOptions } from '../request/query-options.ts';

/** What is asked for: form, version and what tables carry. */
export interface Shape extends Negotiated {
  readonly includeObject: ListOptions['includeObject'];
}

export interface RepresentationDeps {
  readonly definition: ResourceDefinition;
  readonly table: TableRenderer;
  readonly nowMs: number;
}

/** One object as a value to be sent. */
export function showObject(deps: RepresentationDeps, shape: Shape, object: KubeObject): unknown {
  switch (shape.form) {
    case 'table': {
      const { resourceVersion = '' } = object.metadata;
      return showTable(deps, shape, [object], { resourceVersion });
    }
    case 'partial':
      return withMetaVersion(shape, partialObject(object));
    case 'json':
    case 'yaml':
      return inVersion(deps.definition, object);
    default:
      return unreachable(shape.form, 'form');
  }
}

/** A list as a value to be sent. Items of built-in lists do not repeat their kind. */
export function showList(
  deps: RepresentationDeps,
  shape: Shape,
  objects: readonly KubeObject[],
  metadata: ListMeta,
): unknown {
  const { definition } = deps;
  switch (shape.form) {
    case 'table':
      return showTable(deps, shape, objects, metadata);
    case 'partial':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${shape.metaVersion}`,
        metadata,
        items: objects.map((object) => withMetaVersion(shape, partialObject(object))),
      };
    case 'json':
    case 'yaml': {
      const items = definition.custom
        ? objects.map((object) => inVersion(definition, object))
        : objects.map(({ apiVersion: _v, kind: _k, ...rest }) => rest);
      return { kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata, items };
    }
    default:
      return unreachable(shape.form, 'form');
  }
}

/** A table; the columns are left out of watch events after the first. */
export function showTable(
  deps: RepresentationDeps,
  shape: Shape,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  withColumns = true,
): unknown {
  const shown = objects.map((object) => inVersion(deps.definition, object));
  const table = deps.table.table(shown, {
    nowMs: deps.nowMs,
    metadata,
    include: shape.includeObject,
    withColumns,
  });
  return { ...table, apiVersion: `meta.k8s.io/${shape.metaVersion}` };
}

function withMetaVersion(shape: Shape, object: KubeObject): KubeObject {
  return { ...object, apiVersion: `meta.k8s.io/${shape.metaVersion}` };
}
