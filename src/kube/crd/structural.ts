/**
 * Whether a schema is structural: every field has a type, so that pruning and defaulting know what to do.
 * Findings carry the words of Kubernetes.
 * @spec Kubernetes apiextensions.k8s.io structural schemas
 */
import { messageOf } from '#base/errors.ts';
import type { FieldError } from '../field-error.ts';
import { forbidden, invalid, notSupported, required } from '../field-error.ts';
import { cloneJson } from '../json.ts';
import { isRecord } from '../object.ts';
import { checkSchema } from '../schema/check.ts';
import type { SchemaNode } from '../schema/node.ts';
import { pruneUnknown } from '../schema/prune.ts';
import { checkRule } from '../schema/rules.ts';

/** Nodes of one schema: generated schemas reach some thousands. */
const nodesMax = 50_000;

const depthMax = 60;

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** What a schema may say beside its children. */
const known: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  'example',
  'externalDocs',
  'format',
  'nullable',
  'default',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
]);

/** What alternatives may not say: it must stand in the schema itself. */
const structuralWords = [
  'type',
  'title',
  'description',
  'default',
  'nullable',
  'additionalProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const;

interface Walk {
  readonly found: FieldError[];
  nodes: number;
}

/** All faults of a schema that stands at `place`. */
export function checkStructural(schema: unknown, place: string): FieldError[] {
  const walk: Walk = { found: [], nodes: 0 };
  if (!isRecord(schema)) return [required(place, 'schemas are required')];
  if (schema['type'] === undefined) {
    walk.found.push(required(`${place}.type`, 'must not be empty at the root'));
  } else if (schema['type'] !== 'object') {
    walk.found.push(invalid(`${place}.type`, schema['type'], 'must be object at the root'));
  }
  checkNode(schema, place, walk, 'root', 0);
  if (walk.nodes > nodesMax) {
    return [invalid(place, '', `the schema has more than ${nodesMax} parts`)];
  }
  if (walk.found.length === 0) checkMetadata(schema, place, walk);
  return walk.found;
}

type Where = 'root' | 'field' | 'item' | 'alternative';

function checkNode(node: unknown, place: string, walk: Walk, where: Where, depth: number): void {
  walk.nodes += 1;
  if (walk.nodes > nodesMax) return;
  const { found } = walk;
  if (!isRecord(node) || depth > depthMax) {
    found.push(invalid(place, typeof node, 'must be a schema of at most 60 levels'));
    return;
  }
  for (const name of Object.keys(node)) {
    if (!known.has(name)) found.push(forbidden(`${place}.${name}`, `${name} is not supported`));
  }
  const schema = node as SchemaNode;
  checkWords(schema, place, walk, where);
  const { properties, additionalProperties, items } = schema;
  if (isRecord(properties)) {
    for (const [name, child] of Object.entries(properties)) {
      const below = where === 'alternative' ? 'alternative' : 'field';
      checkNode(child, `${place}.properties[${name}]`, walk, below, depth + 1);
    }
  } else if (properties !== undefined) {
    found.push(invalid(`${place}.properties`, typeof properties, 'must be an object'));
  }
  if (additionalProperties === false) {
    const detail = 'additionalProperties cannot be set to false';
    found.push(forbidden(`${place}.additionalProperties`, detail));
  } else if (additionalProperties !== undefined && additionalProperties !== true) {
    checkNode(additionalProperties, `${place}.additionalProperties`, walk, 'field', depth + 1);
  }
  if (additionalProperties !== undefined && Object.keys(properties ?? {}).length > 0) {
    const detail = 'additionalProperties and properties are mutual exclusive';
    found.push(forbidden(`${place}.additionalProperties`, detail));
  }
  if (items !== undefined) {
    const below = where === 'alternative' ? 'alternative' : 'item';
    checkNode(items, `${place}.items`, walk, below, depth + 1);
  }
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const all: unknown = schema[name];
    if (all === undefined) continue;
    if (!Array.isArray(all)) found.push(invalid(`${place}.${name}`, typeof all, 'must be a list'));
    else
      for (const [index, each] of all.entries()) {
        checkNode(each, `${place}.${name}[${index}]`, walk, 'alternative', depth + 1);
      }
  }
  if (schema.not !== undefined) {
    checkNode(schema.not, `${place}.not`, walk, 'alternative', depth + 1);
  }
  if (found.length === 0) checkAgainstItself(schema, place, walk);
}

function checkWords(schema: SchemaNode, place: string, walk: Walk, where: Where): void {
  const { found } = walk;
  const { type } = schema;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const open = schema['x-kubernetes-preserve-unknown-fields'];
  if (where === 'alternative') {
    const words = structuralWords.filter((name) => schema[name as keyof SchemaNode] !== undefined);
    // The two types of an int-or-string may stand in its alternatives.
    const allowed = words.every((name) => name === 'type' && /anyOf\[\d\]$/u.test(place));
    if (!allowed) {
      for (const name of words) {
        found.push(forbidden(`${place}.${name}`, 'must be empty to be structural'));
      }
    }
  } else if (type === undefined) {
    if (!intOrString && open !== true && where !== 'root') {
      const what = where === 'item' ? 'array items' : 'object fields';
      found.push(required(`${place}.type`, `must not be empty for specified ${what}`));
    }
  } else if (!types.includes(type)) {
    found.push(notSupported(`${place}.type`, type, types));
  } else if (intOrString) {
    const detail = 'must be empty if x-kubernetes-int-or-string is true';
    found.push(forbidden(`${place}.type`, detail));
  }
  if (open === false) {
    found.push(
      invalid(`${place}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    );
  }
  if (schema.uniqueItems === true) {
    const detail =
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    found.push(forbidden(`${place}.uniqueItems`, detail));
  }
  if (type === 'array' && schema.items === undefined && where !== 'alternative') {
    found.push(required(`${place}.items`, 'must be specified'));
  }
  checkPattern(schema, place, found);
  checkLists(schema, place, found);
  const rules: unknown = schema['x-kubernetes-validations'] ?? [];
  if (!Array.isArray(rules)) {
    found.push(invalid(`${place}.x-kubernetes-validations`, typeof rules, 'must be a list'));
  } else {
    for (const [index, rule] of rules.entries()) {
      found.push(...checkRule(rule, `${place}.x-kubernetes-validations[${index}]`));
    }
  }
}

function checkPattern({ pattern }: SchemaNode, place: string, found: FieldError[]): void {
  if (pattern === undefined) return;
  try {
    RegExp(pattern, 'u');
  } catch (thrown) {
    const why = `must be a valid regular expression, but isn't: ${messageOf(thrown)}`;
    found.push(invalid(`${place}.pattern`, pattern, why));
  }
}

const listTypes = ['atomic', 'map', 'set'];

function checkLists(schema: SchemaNode, place: string, found: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys: unknown = schema['x-kubernetes-list-map-keys'];
  const mapType = schema['x-kubernetes-map-type'];
  const at = `${place}.x-kubernetes-list-map-keys`;
  if (listType !== undefined && !listTypes.includes(listType)) {
    found.push(notSupported(`${place}.x-kubernetes-list-type`, listType, listTypes));
  }
  if (listType !== undefined && schema.type !== 'array') {
    const detail = 'must be array if x-kubernetes-list-type is specified';
    found.push(invalid(`${place}.type`, schema.type ?? '', detail));
  }
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular') {
    found.push(notSupported(`${place}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  }
  if (listType !== 'map') {
    if (keys !== undefined)
      found.push(forbidden(at, 'may only be set if x-kubernetes-list-type is map'));
    return;
  }
  if (!Array.isArray(keys) || keys.length === 0) {
    found.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
    return;
  }
  const { properties = {}, required: needed = [] } = schema.items ?? {};
  for (const [index, key] of (keys as unknown[]).entries()) {
    const node =
      typeof key === 'string' && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (typeof key !== 'string' || node === undefined) {
      found.push(invalid(`${at}[${index}]`, key, 'must be a property of the list items'));
    } else if (!needed.includes(key) && node.default === undefined) {
      const detail =
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      found.push(required(`${place}.items.properties[${key}].default`, detail));
    }
  }
}

/** A default must be an object of the schema itself. */
function checkAgainstItself(schema: SchemaNode, place: string, walk: Walk): void {
  const { default: preset } = schema;
  if (preset === undefined) return;
  const value = cloneJson(preset);
  const at = `${place}.default`;
  const cut = pruneUnknown(schema, value);
  if (cut.length > 0) walk.found.push(invalid(at, preset, 'must not have unknown fields'));
  for (const { message, field } of checkSchema(schema, value, 'default')) {
    walk.found.push({ reason: 'FieldValueInvalid', field: at, message: `${message} (${field})` });
  }
}

/** Metadata belongs to the server; a schema may only narrow names. */
function checkMetadata(schema: Record<string, unknown>, place: string, walk: Walk): void {
  const { properties } = schema as SchemaNode;
  const metadata =
    properties !== undefined && Object.hasOwn(properties, 'metadata')
      ? properties['metadata']
      : undefined;
  if (metadata === undefined) return;
  const at = `${place}.properties[metadata]`;
  if (metadata.type !== 'object')
    walk.found.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  const names = Object.keys(metadata.properties ?? {});
  if (names.some((name) => name !== 'name' && name !== 'generateName')) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    walk.found.push(forbidden(at, detail));
  }
}
