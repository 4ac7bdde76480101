/**
 * Types of Kubernetes as tables: one text gives both the schema and the protobuf messages, so the two
 * cannot differ.
 *
 *     Container                                      a type; `atomic` behind it: has one owner
 *      1 name string                                 field number, name, type
 *      4 optional *bool                              behind a pointer: zero is kept
 *      3 command []string atomic                     a list; atomic, set or map:KEY,KEY
 *      8 limits {}quantity                           a map from texts
 *      2 + VolumeSource                              in JSON, its fields stand among those of the type
 *      6 ports []ContainerPort map:port merge:port   strategic merge by that key
 *      3 timeoutSeconds int32 =1                     default, in JSON without spaces
 */
import { assert } from '#base/assert.ts';

/** How a field holds its values. */
export type Holder = 'one' | 'optional' | 'list' | 'map';

/** One field of a type. */
export interface StructField {
  readonly number: number;
  /** Empty: the fields of its type stand in its place. */
  readonly name: string;
  /** A basic type, or the name of another type. */
  readonly type: string;
  readonly holder: Holder;
  /** `atomic`, `set`, `map:KEY,…`, `merge:KEY`, `retainKeys`. */
  readonly traits: readonly string[];
  readonly default?: unknown;
}

/** One type. */
export interface Struct {
  readonly atomic: boolean;
  readonly fields: readonly StructField[];
}

/** Types by name. */
export type StructTable = ReadonlyMap<string, Struct>;

/** Reads tables. A fault in one is ours, so it ends the process. */
export function structTable(...texts: readonly string[]): StructTable {
  const found = new Map<string, { atomic: boolean; fields: StructField[] }>();
  let current: StructField[] = [];
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    if (line === '') continue;
    if (line.startsWith(' ')) {
      current.push(readField(line.trim().split(' ')));
      continue;
    }
    const [name = '', trait] = line.split(' ');
    assert(!found.has(name), `type ${name} stands twice in the tables`);
    current = [];
    found.set(name, { atomic: trait === 'atomic', fields: current });
  }
  return found;
}

const holders: readonly (readonly [string, Holder])[] = [
  ['*', 'optional'],
  ['[]', 'list'],
  ['{}', 'map'],
];

function readField([number = '', name = '', given = '', ...rest]: string[]): StructField {
  const [mark = '', holder = 'one'] = holders.find(([text]) => given.startsWith(text)) ?? [];
  const preset = rest.find((trait) => trait.startsWith('='));
  return {
    number: Number(number),
    name: name === '+' ? '' : name,
    type: given.slice(mark.length),
    holder,
    traits: rest.filter((trait) => trait !== preset),
    ...(preset === undefined ? {} : { default: JSON.parse(preset.slice(1)) as unknown }),
  };
}
