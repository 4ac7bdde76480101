/** Protobuf messages of the types in tables. */
import { assert } from '#base/assert.ts';
import type { Field, FieldType, Message } from '../protobuf/field.ts';
import { labelSelector, objectMeta } from '../protobuf/meta.ts';
import type { StructField, StructTable } from './table.ts';

const basic: Readonly<Record<string, FieldType>> = {
  string: 'string',
  int32: 'int',
  int64: 'int',
  bool: 'bool',
  time: 'time',
  intOrString: 'intOrString',
  quantity: 'quantity',
  ObjectMeta: objectMeta,
  LabelSelector: labelSelector,
};

/** Makes the messages of one set of tables. */
export class StructMessages {
  readonly #table: StructTable;
  readonly #made = new Map<string, FieldType>(Object.entries(basic));

  constructor(table: StructTable) {
    this.#table = table;
  }

  /** The message of a type. */
  of(name: string): Message {
    const made = this.#type(name);
    assert(typeof made === 'object', `${name} is no message`);
    return made;
  }

  #type(name: string): FieldType {
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    const struct = this.#table.get(name);
    assert(struct !== undefined, `no type ${name} in the tables`);
    const message: Record<number, Field> = {};
    for (const field of struct.fields) message[field.number] = this.#field(field);
    this.#made.set(name, message);
    return message;
  }

  #field({ name, type, holder }: StructField): Field {
    const many = name === '' ? 'inline' : holder;
    return { name, type: this.#type(type), many };
  }
}
