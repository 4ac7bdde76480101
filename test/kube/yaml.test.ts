/** YAML that readers of both versions take for what it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { yamlText } from '#kube/index.ts';

const tricky = [
  'yes',
  'No',
  'on',
  'OFF',
  'y',
  'n',
  'true',
  'null',
  '~',
  '',
  ' ',
  '.',
  '-',
  '...',
  '---',
  '0',
  '007',
  '0o7',
  '0x1f',
  '0b1',
  '1_000',
  '1e3',
  '.5',
  '.inf',
  '-.INF',
  '.nan',
  '+1',
  '12:30',
  '2030-01-01',
  '2030-01-01T00:00:00Z',
  '<<',
  '=',
  '# a',
  'a: b',
  '- a',
  '"',
  "'",
  '\u2028',
  'a\nb',
  'a\n',
  '	a',
  'a ',
  '%x',
  '@x',
  '`x',
  '!x',
  '&x',
  '*x',
  '|',
  '>',
  '?',
  '{',
  '[',
];

const text = fc.oneof(fc.constantFrom(...tricky), fc.string(), fc.string({ unit: 'binary' }));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(text, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any;

for (const version of ['1.1', '1.2'] as const) {
  test(`YAML ${version} reads what was written`, () => {
    fc.assert(
      fc.property(value, (written) => {
        const plain: unknown = JSON.parse(JSON.stringify(written));
        assert.deepEqual(parse(yamlText(plain), { version }), plain);
      }),
    );
  });
}

test('what is no more than a text stays plain, and what is not is quoted', () => {
  const object = {
    kind: 'Site',
    at: '2030-01-01T00:00:00Z',
    data: { on: 'yes', port: '80', n: 80 },
  };
  assert.equal(
    yamlText(object),
    'kind: Site\nat: "2030-01-01T00:00:00Z"\ndata:\n  "on": "yes"\n  port: "80"\n  "n": 80\n',
  );
});

test('the same object twice is written twice', () => {
  const part = { a: 1 };
  assert.equal(yamlText({ x: part, y1: part }), 'x:\n  a: 1\ny1:\n  a: 1\n');
});
