/** Schemas of the types in tables. */
import { assert, unreachable } from '#base/assert.ts';
import { metadataSchema } from '../metadata.ts';
import type { SchemaNode } from '../schema/node.ts';
import { labelSelectorSchema } from '../selector/schema.ts';
import type { StructField, StructTable } from './table.ts';

const basic: Readonly<Record<string, SchemaNode>> = {
  string: { type: 'string' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  bool: { type: 'boolean' },
  time: { type: 'string', format: 'date-time' },
  intOrString: { 'x-kubernetes-int-or-string': true },
  // A number of any kind or a text with a unit; checked where quantities are.
  quantity: { format: 'quantity' },
  ObjectMeta: metadataSchema,
  LabelSelector: labelSelectorSchema,
};

/** Makes the schemas of one set of tables; a type used twice is one schema. */
export class StructSchemas {
  readonly #table: StructTable;
  readonly #made = new Map<string, SchemaNode>(Object.entries(basic));

  constructor(table: StructTable) {
    this.#table = table;
  }

  /** The schema of a type. */
  of(name: string): SchemaNode {
    const made = this.#made.get(name);
    if (made) return made;
    const struct = this.#table.get(name);
    assert(struct !== undefined, `no type ${name} in the tables`);
    const properties: Record<string, SchemaNode> = {};
    for (const field of struct.fields) {
      if (field.name === '') Object.assign(properties, this.of(field.type).properties);
      else properties[field.name] = this.#field(field);
    }
    const atomic = struct.atomic ? ({ 'x-kubernetes-map-type': 'atomic' } as const) : {};
    const description = wordsOf(name);
    const schema: SchemaNode = { type: 'object', description, properties, ...atomic };
    this.#made.set(name, schema);
    return schema;
  }

  #field(field: StructField): SchemaNode {
    return { ...this.#shape(field), description: wordsOf(field.name) };
  }

  #shape({ type, holder, traits, default: preset }: StructField): SchemaNode {
    const inner = this.of(type);
    const withDefault = preset === undefined ? {} : { default: preset };
    switch (holder) {
      case 'list':
        return { type: 'array', items: inner, ...listTraits(traits), ...withDefault };
      case 'map':
        return {
          type: 'object',
          additionalProperties: inner,
          ...(traits.includes('atomic') ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        };
      case 'one':
      case 'optional':
        return {
          ...inner,
          ...withDefault,
          ...(traits.includes('retainKeys') ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {}),
        };
      default:
        return unreachable(holder, 'holder');
    }
  }
}

/** The words of a name, `nodeSelector` and `NodeSelector` alike, for people who ask what a field is. */
function wordsOf(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/gu, '$1$3 $2');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function listTraits(traits: readonly string[]): Partial<SchemaNode> {
  const valueOf = (name: string): string | undefined =>
    traits.find((trait) => trait.startsWith(`${name}:`))?.slice(name.length + 1);
  const keys = valueOf('map');
  const merge = valueOf('merge') ?? valueOf('merge,retainKeys');
  const retain = traits.some((trait) => trait.startsWith('merge,retainKeys'));
  const type = keys !== undefined ? 'map' : traits.includes('set') ? 'set' : 'atomic';
  return {
    'x-kubernetes-list-type': type,
    ...(keys === undefined ? {} : { 'x-kubernetes-list-map-keys': keys.split(',') }),
    ...(merge === undefined
      ? {}
      : {
          'x-kubernetes-patch-strategy': retain ? 'merge,retainKeys' : 'merge',
          'x-kubernetes-patch-merge-key': merge,
        }),
  };
}
