/** Types of entities: names, operations, and checking the attributes of a whole entity. */
import {
  type Attributes,
  type AttributeSpec,
  type AttributeValue,
  badRequest,
  parseAttribute,
  settable,
  shown,
} from './attribute.ts';

export type EntityOperation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface EntitySpec {
  /** As in configuration files and identities: `tcpListener`, `router.node`. */
  readonly short: string;
  /** As in requests: `io.skupper.router.tcpListener`. */
  readonly full: string;
  /** Beside QUERY and READ, which all have. */
  readonly operations: readonly EntityOperation[];
  /** May stand in a configuration file. */
  readonly configurable: boolean;
  /** In the order of a QUERY for all, with name, identity and type last. */
  readonly attributes: readonly AttributeSpec[];
}

export const entityPrefix = 'io.skupper.router.';

const ending: readonly AttributeSpec[] = [
  settable('name', 'string'),
  shown('identity', 'string'),
  shown('type', 'string'),
];

/** Makes a type. `operations` as letters: C, U, D. */
export function entityType(
  short: string,
  operations: string,
  attributes: readonly AttributeSpec[],
  options: { readonly configurable?: boolean } = {},
): EntitySpec {
  const all: readonly EntityOperation[] = ['CREATE', 'UPDATE', 'DELETE'];
  return {
    short,
    full: `${entityPrefix}${short}`,
    operations: all.filter((operation) => operations.includes(operation.charAt(0))),
    configurable: options.configurable ?? operations.includes('C'),
    attributes: [...attributes, ...ending],
  };
}

/**
 * The attributes of a new entity: known, of their types, required ones present, defaults filled in.
 * Attributes that only the router sets start at their initial values.
 * @throws ManagementError MANAGEMENT_BAD_REQUEST
 */
export function completeAttributes(spec: EntitySpec, given: Attributes): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    // Clients send the type back that they were shown; it says nothing new.
    if (name === 'type' || name === 'identity') continue;
    const attribute = findAttribute(spec, name);
    if (!attribute.create) {
      throw badRequest(`Cannot set attribute '${name}' in CREATE`, name);
    }
    attributes[name] = parseAttribute(attribute, value);
  }
  for (const attribute of spec.attributes) {
    if (attributes[attribute.name] !== undefined) continue;
    if (attribute.required) {
      const what = `Missing required attribute '${attribute.name}' of '${spec.full}'`;
      throw badRequest(what, attribute.name);
    }
    if (attribute.default !== undefined) attributes[attribute.name] = attribute.default;
  }
  return attributes;
}

/**
 * The changes of an UPDATE, of their types. Unchanged values of fixed attributes are let through.
 * @param current the attributes as they are
 * @throws ManagementError MANAGEMENT_BAD_REQUEST
 */
export function checkChanges(
  spec: EntitySpec,
  changes: Attributes,
  current: Attributes,
): Attributes {
  const checked: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === null) continue;
    const attribute = findAttribute(spec, name);
    const parsed = parseAttribute(attribute, value);
    if (parsed === current[name]) continue;
    if (!attribute.update) throw badRequest(`Cannot update attribute '${name}' in UPDATE`, name);
    checked[name] = parsed;
  }
  return checked;
}

function findAttribute(spec: EntitySpec, name: string): AttributeSpec {
  const found = spec.attributes.find((attribute) => attribute.name === name);
  if (found === undefined) {
    throw badRequest(`Unknown attribute '${name}' for '${spec.full}'`, name);
  }
  return found;
}
