/** ConfigMap (core/v1). */
import type { FieldError } from '../field-error.ts';
import { invalid } from '../field-error.ts';
import type { KubeObject } from '../object.ts';
import { boolean, map, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin, objectSchema } from './definition.ts';
import { base64Bytes, checkFrozen, checkKeys, checkSize, isBase64 } from './key-data.ts';

const schema = objectSchema('Configuration that is not secret.', {
  data: map('Values as text.', string('A value.')),
  binaryData: map('Values as base64.', string('Base64 of a value.')),
  immutable: boolean('True freezes the data for good.'),
});

/** A ConfigMap. */
export type ConfigMap = Infer<typeof schema>;

const asConfigMap = (object: KubeObject): ConfigMap => object;

function validate(target: KubeObject, before: KubeObject | undefined): FieldError[] {
  const configMap = asConfigMap(target);
  const { data = {}, binaryData = {} } = configMap;
  const found = [...checkKeys('data', data), ...checkKeys('binaryData', binaryData)];
  for (const [key, text] of Object.entries(binaryData)) {
    if (Object.hasOwn(data, key)) {
      found.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    if (!isBase64(text)) found.push(invalid(`binaryData[${key}]`, key, 'must be base64'));
  }
  const texts = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const bytes = Object.values(binaryData).reduce((sum, text) => sum + base64Bytes(text), texts);
  found.push(...checkSize('', bytes));
  if (before === undefined) return found;
  return [...found, ...checkFrozen(configMap, asConfigMap(before), ['data', 'binaryData'])];
}

/** Definition of ConfigMap. */
export const configMap = builtin({
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  description: 'Configuration that is not secret.',
  schema,
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'Number of keys.',
      cell: (object) => {
        const { data = {}, binaryData = {} } = asConfigMap(object);
        return Object.keys(data).length + Object.keys(binaryData).length;
      },
    },
    ageColumn,
  ],
  validate,
});
