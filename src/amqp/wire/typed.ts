/**
 * AMQP values as seen from TypeScript. Decoding gives plain values; encoding takes plain values
 * too, and wrappers where the width or kind on the wire matters.
 */

/** A value with a descriptor. @spec AMQP-1.0 1.2.1 */
export class Described<V = unknown> {
  /** Numeric code (bigint above 2^53) or symbolic name. */
  readonly descriptor: number | bigint | string;
  readonly value: V;

  constructor(descriptor: number | bigint | string, value: V) {
    this.descriptor = descriptor;
    this.value = value;
  }
}

/**
 * What decoding yields: integers of any width and timestamps (ms since 1970) are numbers, bigint
 * beyond 2^53; strings, symbols and chars are strings; uuid is its 36-character text; binary is a
 * view of the decoded buffer; lists and arrays are arrays.
 */
export type AmqpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AmqpValue[]
  | AmqpMap
  | Described<AmqpValue>;

export type AmqpMap = ReadonlyMap<AmqpValue, AmqpValue>;

export type TypedKind =
  | 'ubyte'
  | 'ushort'
  | 'uint'
  | 'ulong'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'char'
  | 'timestamp'
  | 'uuid'
  | 'sym'
  | 'symArray'
  | 'raw';

/** A value with its kind on the wire. Made by `uint()`, `sym()` and the others below. */
export class Typed {
  readonly kind: TypedKind;
  readonly value: number | bigint | string | Uint8Array | readonly string[];

  constructor(kind: TypedKind, value: number | bigint | string | Uint8Array | readonly string[]) {
    this.kind = kind;
    this.value = value;
  }
}

/**
 * What encoding takes. Plain integers become int or long, other numbers double, bigint long,
 * strings str, bytes binary, arrays list, maps map (keys by the same rules).
 */
export type Encodable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Typed
  | Described
  | readonly Encodable[]
  | ReadonlyMap<Encodable, Encodable>;

export const ubyte = (value: number): Typed => new Typed('ubyte', value);
export const ushort = (value: number): Typed => new Typed('ushort', value);
export const uint = (value: number): Typed => new Typed('uint', value);
export const ulong = (value: number | bigint): Typed => new Typed('ulong', value);
export const byte = (value: number): Typed => new Typed('byte', value);
export const short = (value: number): Typed => new Typed('short', value);
export const int = (value: number): Typed => new Typed('int', value);
export const long = (value: number | bigint): Typed => new Typed('long', value);
export const float = (value: number): Typed => new Typed('float', value);
export const double = (value: number): Typed => new Typed('double', value);
/** One Unicode character. */
export const char = (value: string): Typed => new Typed('char', value);
/** Milliseconds since 1970. */
export const timestamp = (ms: number | bigint): Typed => new Typed('timestamp', ms);
/** The 36-character text of a UUID. */
export const uuid = (text: string): Typed => new Typed('uuid', text);
/** A symbol; ASCII only. */
export const sym = (name: string): Typed => new Typed('sym', name);
/** An array of symbols, as capabilities and SASL mechanisms use. */
export const symArray = (names: readonly string[]): Typed => new Typed('symArray', names);
/** An already encoded value, constructor byte included; written as it is. */
export const raw = (encoded: Uint8Array): Typed => new Typed('raw', encoded);
export const described = (descriptor: number | bigint | string, value: Encodable): Described =>
  new Described(descriptor, value);

/** A map whose keys are written as symbols. */
export function symMap(
  entries: ReadonlyMap<string, Encodable> | Readonly<Record<string, Encodable>>,
): ReadonlyMap<Encodable, Encodable> {
  const map = new Map<Encodable, Encodable>();
  const pairs = entries instanceof Map ? entries.entries() : Object.entries(entries);
  for (const [key, value] of pairs) map.set(sym(key), value);
  return map;
}
