/** Attributes of entities: their types, what may be set when, and bringing values to their type. */
import { ManagementError } from './errors.ts';

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

export type AttributeType = 'string' | 'integer' | 'boolean' | 'list' | 'map';

export interface AttributeSpec {
  readonly name: string;
  readonly type: AttributeType;
  /** May be given in CREATE and in the configuration file. */
  readonly create: boolean;
  readonly update: boolean;
  readonly required: boolean;
  /** Value when not given; undefined shows as null. */
  readonly default: AttributeValue | undefined;
  /** The only values allowed. */
  readonly values: readonly string[] | undefined;
}

export interface AttributeRules {
  readonly update?: boolean;
  readonly required?: boolean;
  readonly default?: AttributeValue;
  readonly values?: readonly string[];
}

/** An attribute that may be given when the entity is made. */
export function settable(
  name: string,
  type: AttributeType,
  rules: AttributeRules = {},
): AttributeSpec {
  return {
    name,
    type,
    create: true,
    update: rules.update ?? false,
    required: rules.required ?? false,
    default: rules.default,
    values: rules.values,
  };
}

/** An attribute that the router shows and nobody sets. */
export function shown(name: string, type: AttributeType, initial?: AttributeValue): AttributeSpec {
  return {
    name,
    type,
    create: false,
    update: false,
    required: false,
    default: initial,
    values: undefined,
  };
}

/** Longest text of an attribute, in UTF-16 units. */
const textLengthMax = 65_536;

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);

/**
 * The value in the type of the attribute: numbers and truth values may come as text and the other
 * way round, as configuration files and controllers write them.
 * @throws ManagementError MANAGEMENT_BAD_REQUEST
 */
export function parseAttribute(spec: AttributeSpec, value: AttributeValue): AttributeValue {
  const parsed = convert(spec.type, value);
  if (parsed === undefined) {
    throw badRequest(`Attribute '${spec.name}' is not of type ${spec.type}`, spec.name);
  }
  if (typeof parsed === 'string' && parsed.length > textLengthMax) {
    throw badRequest(`Attribute '${spec.name}' is too long`, spec.name);
  }
  if (typeof parsed === 'string' && spec.values?.includes(parsed) === false) {
    throw badRequest(
      `Attribute '${spec.name}' must be one of ${spec.values.join(', ')}`,
      spec.name,
    );
  }
  return parsed;
}

export function badRequest(message: string, attribute: string): ManagementError {
  return new ManagementError('MANAGEMENT_BAD_REQUEST', message, { facts: { attribute } });
}

function convert(type: AttributeType, value: AttributeValue): AttributeValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'object' ? undefined : String(value);
    case 'integer':
      return toInteger(value);
    case 'boolean':
      return typeof value === 'object' ? undefined : truths.get(String(value).toLowerCase());
    case 'list':
      return Array.isArray(value) ? value : undefined;
    case 'map':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? value
        : undefined;
    default:
      return undefined;
  }
}

function toInteger(value: AttributeValue): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  if (typeof value === 'string' && !/^\s*-?\d{1,16}\s*$/u.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
