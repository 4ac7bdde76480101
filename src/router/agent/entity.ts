/**
 * Entities of the router as management and the configuration file see them: kinds with attributes.
 * A kind knows how to make, change, remove and show its entities; the agent knows the protocol.
 */
import { type Attributes, ManagementError } from '#management/index.ts';

export type { Attributes, AttributeValue } from '#management/index.ts';

/** One entity as it is now. Values are computed when shown. */
export interface Entity {
  readonly name: string;
  readonly identity: string;
  readonly attributes: Attributes;
}

export interface EntityKind {
  /** Short type name of the table in management, as `tcpListener`. */
  readonly type: string;
  entities(): Iterable<Entity>;
  /** Attributes are complete and of the right types. @throws ManagementError */
  create?(name: string | undefined, attributes: Attributes): Entity | Promise<Entity>;
  /** `changes` has only what changes. @throws ManagementError */
  update?(identity: string, changes: Attributes): Entity | Promise<Entity>;
  delete?(identity: string): void | Promise<void>;
}

/** A text; empty when absent. */
export function textOf(attributes: Attributes, name: string): string {
  return optionalText(attributes, name) ?? '';
}

export function optionalText(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw invalid(name, 'is not a text');
}

/** A number, also when it came as a text. */
export function optionalNumber(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw invalid(name, 'is not a whole number');
  }
  return number;
}

/** A truth value, also when it came as a text. */
export function optionalBoolean(attributes: Attributes, name: string): boolean | undefined {
  const value = attributes[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'yes' || value === 'on' || value === 1) return true;
  if (value === 'false' || value === 'no' || value === 'off' || value === 0) return false;
  throw invalid(name, 'is neither true nor false');
}

/** Ports may be numbers or `amqp`, `amqps`. */
export function portOf(attributes: Attributes, name = 'port'): number {
  const text = textOf(attributes, name);
  if (text === 'amqp') return 5672;
  if (text === 'amqps') return 5671;
  const port = optionalNumber(attributes, name);
  if (port === undefined || port > 65_535) throw invalid(name, 'is not a port');
  return port;
}

export function required(attributes: Attributes, name: string): string {
  const value = optionalText(attributes, name);
  if (value === undefined) throw invalid(name, 'is missing');
  return value;
}

/** The fault of an attribute that cannot be used. */
export function invalid(name: string, why: string): ManagementError {
  return new ManagementError('MANAGEMENT_BAD_REQUEST', `Attribute '${name}' ${why}`, {
    facts: { attribute: name },
  });
}

/** The fault of asking for what this router cannot do. */
export function unsupported(what: string): ManagementError {
  return new ManagementError('MANAGEMENT_BAD_REQUEST', `${what} is not supported by this router`);
}
