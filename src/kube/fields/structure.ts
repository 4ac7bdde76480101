/**
 * How a value divides into fields that can have different owners. Lists and maps of type atomic,
 * and lists nobody says more of, are one field.
 * @spec Kubernetes x-kubernetes-list-type, x-kubernetes-map-type
 */
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';
import { keyElement, nameElement, valueElement } from './path-element.ts';

/** A part of a divided value. */
export interface FieldPart {
  readonly element: string;
  readonly value: unknown;
  readonly schema: SchemaNode | undefined;
  /** A field that the schema names: there without anybody having put it there. */
  readonly declared: boolean;
}

/**
 * The parts of a value by path element, in its order; undefined when it is one field. Items of lists
 * that cannot be told apart make the list one field.
 */
export function partsOf(
  schema: SchemaNode | undefined,
  value: unknown,
): ReadonlyMap<string, FieldPart> | undefined {
  if (Array.isArray(value)) return itemsOf(schema, value);
  if (!isRecord(value) || schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
  const parts = new Map<string, FieldPart>();
  for (const [name, inner] of Object.entries(value)) {
    const element = nameElement(name);
    const declared = schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
    parts.set(element, { element, value: inner, schema: schemaOfField(schema, name), declared });
  }
  return parts;
}

function schemaOfField(schema: SchemaNode | undefined, name: string): SchemaNode | undefined {
  const { properties, additionalProperties } = schema ?? {};
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function itemsOf(
  schema: SchemaNode | undefined,
  items: readonly unknown[],
): ReadonlyMap<string, FieldPart> | undefined {
  const type = schema?.['x-kubernetes-list-type'];
  if (schema === undefined || (type !== 'map' && type !== 'set')) return undefined;
  const parts = new Map<string, FieldPart>();
  for (const item of items) {
    const element = type === 'set' ? valueElement(item) : keyElement(schema, item);
    if (element === undefined || parts.has(element)) return undefined;
    parts.set(element, { element, value: item, schema: schema.items, declared: false });
  }
  return parts;
}

/** The value of a kind like `like` that has these parts. */
export function joinParts(like: unknown, parts: readonly FieldPart[]): unknown {
  if (Array.isArray(like)) return parts.map(({ value }) => value);
  return Object.fromEntries(parts.map(({ element, value }) => [element.slice(2), value]));
}
