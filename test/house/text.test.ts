/** Sizes, names and phrases of src/ obey the house rules, and the check catches what it must. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTree } from '../../scripts/house/source-tree.ts';
import { textProblems } from '../../scripts/house/text-check.ts';

test('files of src obey sizes, names and phrases', () => {
  assert.deepEqual(textProblems(readTree('src', ['.ts'])), []);
});

const long = (lines: number): string => 'const a = 1;\n'.repeat(lines);

for (const [what, files, expected] of [
  ['an empty tree', [], /no source file/],
  ['a utils file', [['src/net/utils.ts', '']], /banned file name/],
  ['a helper file by suffix', [['src/net/socket-helper.ts', '']], /banned file name/],
  ['a long file without a reason', [['src/net/a.ts', long(401)]], /without a reason/],
  [
    'a file too long for any reason',
    [['src/net/a.ts', `// Long because x\n${long(701)}`]],
    /more than 700/,
  ],
  ['a bare error', [['src/net/a.ts', 'throw new Error("x");']], /bare Error/],
  ['export star', [['src/net/a.ts', "export * from './b.ts';"]], /export \*/],
  ['a default export', [['src/net/a.ts', 'export default 1;']], /default export/],
  ['an unfinished marker', [['src/net/a.ts', '// TODO later']], /unfinished/],
  [
    'a crowded folder',
    Array.from({ length: 19 }, (_, index) => [`src/net/a${index}.ts`, '']),
    /19 files/,
  ],
] as const) {
  test(`the text check catches ${what}`, () => {
    const tree = new Map(files as readonly (readonly [string, string])[]);
    assert.match(textProblems(tree).join('\n'), expected);
  });
}

test('a long file with a reason passes', () => {
  assert.deepEqual(
    textProblems(new Map([['src/net/a.ts', `// Long because of x\n${long(500)}`]])),
    [],
  );
});
