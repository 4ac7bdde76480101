/**
 * The Table form of objects, which `kubectl get` prints.
 * @spec Kubernetes meta.k8s.io/v1 Table
 */
import type { Cell, Column, ResourceDefinition } from '../definition.ts';
import type { KubeObject, ListMeta } from '../object.ts';
import { ageSince } from '../time.ts';
import { compileJsonPath } from './jsonpath.ts';

/** How much of each object goes along in `rows[].object`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** A column as it is sent. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** One object as a row. */
export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: unknown;
}

/** A table as it is sent. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/** The NAME column, first in nearly every table. */
export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique in its namespace.',
  cell: (object) => object.metadata.name,
};

/** The AGE column. */
export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  cell: (object, nowMs) => ageSince(object.metadata.creationTimestamp, nowMs),
};

/** The CREATED AT column of kinds that have no columns of their own. */
export const createdAtColumn: Column = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  cell: (object) => object.metadata.creationTimestamp ?? null,
};

type CellOf = (object: KubeObject, nowMs: number) => Cell;

/** Turns objects of one kind into tables; paths are compiled once. */
export class TableRenderer {
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly #cells: readonly CellOf[];

  /** @throws DefinitionError KUBE_JSONPATH_SYNTAX when a column's path is not simple */
  constructor(definition: ResourceDefinition) {
    this.columnDefinitions = definition.columns.map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description ?? '',
      priority: column.priority ?? 0,
    }));
    this.#cells = definition.columns.map(cellOf);
  }

  /** One row. */
  row(object: KubeObject, nowMs: number, include: IncludeObject = 'Metadata'): TableRow {
    const cells = this.#cells.map((cell) => cell(object, nowMs));
    if (include === 'None') return { cells };
    return { cells, object: include === 'Object' ? object : partialObject(object) };
  }

  /**
   * A whole table.
   * @param withColumns false for watch events after the first
   */
  table(
    objects: readonly KubeObject[],
    options: {
      readonly nowMs: number;
      readonly metadata: ListMeta;
      readonly include?: IncludeObject;
      readonly withColumns?: boolean;
    },
  ): Table {
    return {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: options.metadata,
      columnDefinitions: options.withColumns === false ? [] : this.columnDefinitions,
      rows: objects.map((object) => this.row(object, options.nowMs, options.include)),
    };
  }
}

/** Only the metadata of an object. @spec Kubernetes meta.k8s.io/v1 PartialObjectMetadata */
export function partialObject(object: KubeObject): KubeObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata,
  };
}

function cellOf(column: Column): CellOf {
  const { jsonPath, cell, type } = column;
  if (cell !== undefined) return cell;
  if (jsonPath === undefined) return () => null;
  const find = compileJsonPath(jsonPath);
  return (object, nowMs) => {
    const [value] = find(object);
    return value === undefined || value === null ? null : cellValue(type, value, nowMs);
  };
}

function cellValue(type: Column['type'], value: unknown, nowMs: number): Cell {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageSince(value, nowMs) : null;
    default:
      return null;
  }
}
