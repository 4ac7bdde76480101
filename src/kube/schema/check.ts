/**
 * Checks a value against a structural schema and words the findings exactly as Kubernetes does.
 * Unknown fields are not its business (see prune.ts), rules in CEL neither (see rules.ts).
 * @spec Kubernetes apiextensions-apiserver validation, kube-openapi validation
 */
import type { FieldError } from '../field-error.ts';
import { invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../field-error.ts';
import { equalJson } from '../json.ts';
import { isRecord } from '../object.ts';
import { fitsFormat } from './format.ts';
import type { SchemaNode } from './node.ts';

/** Findings after which a check stops: a list of a million bad items must not become a megabyte of text. */
export const findingsMax = 1000;

/** What a check found, and how much it looked at: `oneOf` reports the alternative that went furthest. */
interface Findings {
  readonly errors: FieldError[];
  readonly inOrder: boolean;
  visited: number;
}

/** The name of a value's JSON type as error texts use it. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const fieldOf = (path: string): string => (path === '' ? '<nil>' : path);

/**
 * All findings, in a fixed order: own limits, then list items and fields by name, then missing fields.
 * @param path where `value` stands, such as `spec`; empty for the whole object
 */
export function checkSchema(schema: SchemaNode, value: unknown, path = ''): FieldError[] {
  // Nearly all values are good: the order of fields only matters, and is only made, when one is not.
  if (attempt(schema, value, path, false).errors.length === 0) return [];
  const found = attempt(schema, value, path, true);
  const seen = new Set<string>();
  return found.errors.filter((error) => {
    const text = `${error.field}\n${error.message}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function checkNode(schema: SchemaNode, value: unknown, path: string, found: Findings): void {
  if (found.errors.length >= findingsMax) return;
  found.visited += 1;
  checkType(schema, value, path, found);
  if (value === null) {
    checkEnum(schema, value, path, found);
    return;
  }
  checkCompositions(schema, value, path, found);
  if (typeof value === 'string') checkString(schema, value, path, found);
  else if (typeof value === 'number') checkNumber(schema, value, path, found);
  else if (Array.isArray(value)) checkArray(schema, value, path, found);
  checkEnum(schema, value, path, found);
  if (isRecord(value)) checkObject(schema, value, path, found);
}

function wrongType(path: string, wanted: string, got: string): FieldError {
  return typeInvalid(
    fieldOf(path),
    got,
    `${path} in body must be of type ${wanted}: ${JSON.stringify(got)}`,
  );
}

function checkType(schema: SchemaNode, value: unknown, path: string, found: Findings): void {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const wanted = intOrString ? 'integer,string' : schema.type;
  if (wanted === undefined) return;
  const got = typeName(value);
  if (got === 'null') {
    if (schema.nullable !== true) found.errors.push(wrongType(path, wanted, got));
    return;
  }
  if (intOrString ? got === 'integer' || got === 'string' : wanted === got) return;
  if (wanted === 'number' && got === 'integer') return;
  if (wanted === 'string' && schema.format !== undefined && got !== 'array') {
    const format = got === 'integer' ? 'int64' : got === 'number' ? 'float64' : '';
    found.errors.push(wrongType(path, schema.format, format));
    return;
  }
  found.errors.push(wrongType(path, wanted, got));
}

function checkEnum(schema: SchemaNode, value: unknown, path: string, found: Findings): void {
  if (schema.enum === undefined || schema.enum.some((each) => equalJson(each, value))) return;
  const supported = schema.enum.map((each) =>
    typeof each === 'string' ? each : JSON.stringify(each),
  );
  found.errors.push(notSupported(fieldOf(path), value, supported));
}

function checkString(schema: SchemaNode, value: string, path: string, found: Findings): void {
  const limit = brokenLimit(schema, value, path);
  if (limit !== undefined) found.errors.push(limit);
  const { format } = schema;
  if (format === undefined || schema.type !== 'string' || fitsFormat(format, value)) return;
  const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
  found.errors.push(typeInvalid(fieldOf(path), value, detail));
}

/** The first limit that a text breaks; Kubernetes does not go on to the next. */
function brokenLimit(schema: SchemaNode, value: string, path: string): FieldError | undefined {
  const field = fieldOf(path);
  const { maxLength, minLength, pattern } = schema;
  const length = Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) return tooLong(field, maxLength);
  if (minLength !== undefined && length < minLength) {
    return invalid(field, value, `${path} in body should be at least ${minLength} chars long`);
  }
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    return invalid(field, value, `${path} in body should match '${pattern}'`);
  }
  return undefined;
}

const int32Max = 2_147_483_647;

function checkNumber(schema: SchemaNode, value: number, path: string, found: Findings): void {
  const field = fieldOf(path);
  const say = (detail: string): void => {
    found.errors.push(invalid(field, value, `${path} in body should be ${detail}`));
  };
  if (schema.type === 'integer' && schema.format === 'int32') {
    if (value > int32Max || value < -int32Max - 1) {
      const detail = `Checked value must be of type integer with format int32 in ${path}`;
      found.errors.push(invalid(field, value, detail));
    }
  }
  const { multipleOf, maximum, minimum } = schema;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    say(`a multiple of ${multipleOf}`);
  }
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum === true) {
      if (value >= maximum) say(`less than ${maximum}`);
    } else if (value > maximum) say(`less than or equal to ${maximum}`);
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum === true) {
      if (value <= minimum) say(`greater than ${minimum}`);
    } else if (value < minimum) say(`greater than or equal to ${minimum}`);
  }
}

function checkArray(schema: SchemaNode, value: unknown[], path: string, found: Findings): void {
  const field = fieldOf(path);
  const { items, minItems, maxItems } = schema;
  if (items !== undefined) {
    for (const [index, item] of value.entries()) {
      checkNode(items, item, `${path}[${index}]`, found);
    }
  }
  if (minItems !== undefined && value.length < minItems) {
    const detail = `${path} in body should have at least ${minItems} items`;
    found.errors.push(invalid(field, value.length, detail));
  }
  if (maxItems !== undefined && value.length > maxItems) {
    found.errors.push(tooMany(field, value.length, maxItems));
  }
  if (schema.uniqueItems === true) {
    const texts = value.map((item) => JSON.stringify(item));
    if (new Set(texts).size < texts.length) {
      found.errors.push(invalid(field, '', `${path} in body shouldn't contain duplicates`));
    }
  }
}

function checkObject(
  schema: SchemaNode,
  value: Record<string, unknown>,
  path: string,
  found: Findings,
): void {
  const field = fieldOf(path);
  const names = Object.keys(value);
  if (found.inOrder) names.sort();
  const { minProperties, maxProperties, properties, additionalProperties } = schema;
  if (minProperties !== undefined && names.length < minProperties) {
    const detail = `${path} in body should have at least ${minProperties} properties`;
    found.errors.push(invalid(field, names.length, detail));
  }
  if (maxProperties !== undefined && names.length > maxProperties) {
    found.errors.push(tooMany(field, names.length, maxProperties));
  }
  const child = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of names) {
    if (properties !== undefined && Object.hasOwn(properties, name)) {
      const node = properties[name];
      if (node !== undefined) checkNode(node, value[name], child(name), found);
    } else if (typeof additionalProperties === 'object') {
      checkNode(additionalProperties, value[name], child(name), found);
    }
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) found.errors.push(required(child(name)));
  }
}

function attempt(schema: SchemaNode, value: unknown, path: string, inOrder: boolean): Findings {
  const found: Findings = { errors: [], inOrder, visited: 0 };
  checkNode(schema, value, path, found);
  return found;
}

function furthest(attempts: readonly Findings[]): readonly FieldError[] {
  let best: Findings | undefined;
  for (const each of attempts) {
    if (best === undefined || each.visited > best.visited) best = each;
  }
  return best?.errors ?? [];
}

function checkCompositions(
  schema: SchemaNode,
  value: unknown,
  path: string,
  found: Findings,
): void {
  const say = (detail: string): void => {
    found.errors.push(invalid('<nil>', '', `${JSON.stringify(path)} ${detail}`));
  };
  if (schema.anyOf !== undefined) {
    const attempts = schema.anyOf.map((each) => attempt(each, value, path, found.inOrder));
    if (attempts.every((each) => each.errors.length > 0)) {
      say('must validate at least one schema (anyOf)');
      found.errors.push(...furthest(attempts));
    }
  }
  if (schema.oneOf !== undefined) {
    const attempts = schema.oneOf.map((each) => attempt(each, value, path, found.inOrder));
    const valid = attempts.filter((each) => each.errors.length === 0).length;
    if (valid !== 1) {
      const tail = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
      say(`must validate one and only one schema (oneOf). ${tail}`);
      if (valid === 0) found.errors.push(...furthest(attempts));
    }
  }
  if (schema.allOf !== undefined) {
    const attempts = schema.allOf.map((each) => attempt(each, value, path, found.inOrder));
    const valid = attempts.filter((each) => each.errors.length === 0).length;
    for (const each of attempts) found.errors.push(...each.errors);
    if (valid !== attempts.length) {
      say(`must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
    }
  }
  if (
    schema.not !== undefined &&
    attempt(schema.not, value, path, found.inOrder).errors.length === 0
  ) {
    say('must not validate the schema (not)');
  }
}
