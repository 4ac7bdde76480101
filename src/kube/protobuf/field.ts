/**
 * How the fields of a protobuf message are described.
 *
 * Go writes fields without a pointer always, so their zero means "not set" and is dropped; fields
 * behind a pointer (`optional`) are written only when set, so their zero is kept.
 */

/** The type of one value. */
export type FieldType =
  | 'string'
  | 'int'
  | 'bool'
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'intOrString'
  | 'rawJson'
  | 'quantity'
  | Message;

/** One field. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** `one` drops zeros, `optional` keeps them; the fields of an `inline` one stand in its place. */
  readonly many: 'one' | 'optional' | 'list' | 'map' | 'inline';
}

/** A message: its fields by number. */
export type Message = Readonly<Record<number, Field>>;

/** A field without a pointer. */
export const one = (name: string, type: FieldType): Field => ({ name, type, many: 'one' });
/** A field behind a pointer. */
export const optional = (name: string, type: FieldType): Field => ({
  name,
  type,
  many: 'optional',
});
/** A repeated field. */
export const list = (name: string, type: FieldType): Field => ({ name, type, many: 'list' });
/** A map from texts. */
export const map = (name: string, type: FieldType): Field => ({ name, type, many: 'map' });
