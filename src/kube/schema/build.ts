/**
 * Builders of typed schemas. One definition written with them gives the TypeScript type (Infer), the
 * validator, the CRD, the OpenAPI document and the reference page.
 */
import type { Infer, Schema, SchemaNode, ValidationRule } from './node.ts';

type Fields = Readonly<Record<string, Schema<unknown>>>;
type Simplify<T> = { [K in keyof T]: T[K] };
type Values<R extends Fields, O extends Fields> = Simplify<
  { -readonly [K in keyof R]: Infer<R[K]> } & { -readonly [K in keyof O]?: Infer<O[K]> }
>;

type Limits<K extends keyof SchemaNode> = { readonly [P in K]?: SchemaNode[P] };
type StringLimits = Limits<'pattern' | 'minLength' | 'maxLength' | 'format' | 'nullable'>;
type NumberLimits = Limits<
  'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum' | 'multipleOf' | 'format'
>;
type ArrayLimits = Limits<
  | 'minItems'
  | 'maxItems'
  | 'x-kubernetes-list-type'
  | 'x-kubernetes-list-map-keys'
  | 'x-kubernetes-patch-strategy'
  | 'x-kubernetes-patch-merge-key'
>;
type MapLimits = Limits<'minProperties' | 'maxProperties' | 'x-kubernetes-map-type'>;

/** What an object may say beside its fields. */
export interface ObjectExtras
  extends Limits<
    | 'oneOf'
    | 'anyOf'
    | 'minProperties'
    | 'maxProperties'
    | 'x-kubernetes-map-type'
    | 'x-kubernetes-preserve-unknown-fields'
  > {
  readonly rules?: readonly ValidationRule[];
}

/** Which fields of an object must be there and which may be. */
export interface ObjectFields<R extends Fields, O extends Fields> {
  readonly required?: R;
  readonly optional?: O;
}

/** A text. */
export function string(description: string, limits: StringLimits = {}): Schema<string> {
  return { type: 'string', description, ...limits };
}

/** A text out of a fixed list. */
export function oneOfTexts<const T extends string>(
  description: string,
  values: readonly T[],
): Schema<T> {
  return { type: 'string', description, enum: values };
}

/** A whole number. */
export function integer(description: string, limits: NumberLimits = {}): Schema<number> {
  return { type: 'integer', description, ...limits };
}

/** Any number. */
export function number(description: string, limits: NumberLimits = {}): Schema<number> {
  return { type: 'number', description, ...limits };
}

/** True or false. */
export function boolean(description: string): Schema<boolean> {
  return { type: 'boolean', description };
}

/** A number, or a text such as `50%` or a port name. */
export function intOrString(description: string): Schema<number | string> {
  return { description, 'x-kubernetes-int-or-string': true };
}

/** A point in time, RFC 3339. */
export function dateTime(description: string): Schema<string> {
  return { type: 'string', format: 'date-time', description };
}

/** A point in time with microseconds, RFC 3339. */
export function microTime(description: string): Schema<string> {
  return { type: 'string', format: 'micro-time', description };
}

/** A list. */
export function array<T>(
  description: string,
  items: Schema<T>,
  limits: ArrayLimits = {},
): Schema<T[]> {
  return { type: 'array', description, items, ...limits };
}

/** An object whose keys are data. */
export function map<T>(
  description: string,
  values: Schema<T>,
  limits: MapLimits = {},
): Schema<{ [key: string]: T }> {
  return { type: 'object', description, additionalProperties: values, ...limits };
}

/** An object with named fields. */
export function object<R extends Fields = {}, O extends Fields = {}>(
  description: string,
  fields: ObjectFields<R, O>,
  extras: ObjectExtras = {},
): Schema<Values<R, O>> {
  const { rules, ...limits } = extras;
  const required = Object.keys(fields.required ?? {});
  return {
    type: 'object',
    description,
    properties: { ...fields.required, ...fields.optional },
    ...(required.length === 0 ? {} : { required }),
    ...limits,
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
  };
}

/** An object whose content is not looked at. */
export function anything(description: string): Schema<{ [field: string]: unknown }> {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
}

/** The schema with a default, which the API server fills in when the field is absent. */
export function withDefault<T>(schema: Schema<T>, value: T): Schema<T> {
  return { ...schema, default: value };
}
