/** Secret (core/v1). Messages about a Secret name keys, never values. */
import type { FieldError } from '../field-error.ts';
import { invalid, required } from '../field-error.ts';
import type { KubeObject } from '../object.ts';
import { boolean, map, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin, objectSchema } from './definition.ts';
import { base64Bytes, isBase64, checkFrozen, checkKeys, checkSize } from './key-data.ts';

const schema = objectSchema('Small confidential data: keys, certificates, passwords.', {
  type: string('Says which keys programs expect. Cannot change.'),
  // No `format: byte` here: its error text would quote the value.
  data: map('The values, base64.', string('Base64 of the value.')),
  stringData: map('Values as plain text; written only, ends up in data.', string('The value.')),
  immutable: boolean('True freezes the data for good.'),
});

/** A Secret. */
export type Secret = Infer<typeof schema>;

const asSecret = (object: KubeObject): Secret => object;

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
};

function prepare(target: KubeObject): void {
  const secret = asSecret(target);
  if (secret.type === undefined || secret.type === '') secret.type = 'Opaque';
  const data: { [key: string]: string } = {};
  for (const [key, text] of Object.entries(secret.data ?? {})) {
    data[key] = text.replaceAll(/[\r\n]/gu, '');
  }
  if (secret.data !== undefined) secret.data = data;
  if (secret.stringData === undefined) return;
  for (const [key, text] of Object.entries(secret.stringData)) {
    data[key] = Buffer.from(text, 'utf8').toString('base64');
  }
  secret.data = data;
  delete secret.stringData;
}

function validate(target: KubeObject, before: KubeObject | undefined): FieldError[] {
  const secret = asSecret(target);
  const data = secret.data ?? {};
  const found = checkKeys('data', data);
  for (const [key, text] of Object.entries(data)) {
    if (!isBase64(text)) found.push(invalid(`data[${key}]`, '<omitted>', 'must be base64'));
  }
  const bytes = Object.values(data).reduce((sum, text) => sum + base64Bytes(text), 0);
  found.push(...checkSize('data', bytes));
  const type = secret.type ?? '';
  for (const key of Object.hasOwn(requiredKeys, type) ? (requiredKeys[type] ?? []) : []) {
    if (!Object.hasOwn(data, key)) found.push(required(`data[${key}]`));
  }
  if (type === 'kubernetes.io/basic-auth') {
    if (!Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
      found.push(required('data[username]'), required('data[password]'));
    }
  }
  if (before === undefined) return found;
  const old = asSecret(before);
  if (old.type !== secret.type) found.push(invalid('type', secret.type, 'field is immutable'));
  return [...found, ...checkFrozen(secret, old, ['data'])];
}

/** Definition of Secret. */
export const secret = builtin({
  kind: 'Secret',
  plural: 'secrets',
  description: 'Small confidential data.',
  schema,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'Type of the Secret.', jsonPath: '.type' },
    {
      name: 'Data',
      type: 'string',
      description: 'Number of keys.',
      cell: (object) => Object.keys(asSecret(object).data ?? {}).length,
    },
    ageColumn,
  ],
  selectableFields: [{ path: 'type' }],
  prepare,
  validate,
});
