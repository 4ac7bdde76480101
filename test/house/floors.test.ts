/** The floor plan holds, and the check that says so catches what it must. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { floorProblems } from '../../scripts/house/floor-check.ts';
import { pureFloorMax, type Room, rooms } from '../../scripts/house/floors.ts';
import { readTree, repositoryRoot } from '../../scripts/house/source-tree.ts';

const plan: Readonly<Record<string, Room>> = {
  base: { floor: 0 },
  wire: { floor: 1 },
  left: { floor: 2 },
  right: { floor: 2, meets: ['left'] },
};

function planted(files: Readonly<Record<string, string>>): readonly string[] {
  return floorProblems(new Map(Object.entries(files)), plan);
}

test('imports in src go down, through doors, without cycles', () => {
  assert.deepEqual(floorProblems(readTree('src', ['.ts']), rooms), []);
});

test('a clean planted tree has no problem', () => {
  const files = {
    'src/base/leaf.ts': 'export const a = 1;',
    'src/wire/index.ts': "export { b } from './b.ts';",
    'src/wire/b.ts': "import { a } from '#base/leaf.ts';\nexport const b = a;",
    'src/left/index.ts':
      "import { b } from '#wire/index.ts';\nimport net from 'node:net';\nexport const c = [b, net];",
    'src/right/index.ts': "import type { c } from '#left/index.ts';\nexport type D = typeof c;",
  };
  assert.deepEqual(planted(files), []);
});

for (const [what, files, expected] of [
  ['an empty tree', {}, /no source file/],
  ['a folder without a floor', { 'src/attic/a.ts': '' }, /no floor/],
  ['a file outside any folder', { 'src/a.ts': '' }, /no floor/],
  [
    'an import upwards',
    { 'src/wire/a.ts': "import { c } from '#left/index.ts';", 'src/left/index.ts': '' },
    /imports up/,
  ],
  [
    'a type import upwards',
    { 'src/wire/a.ts': "import type { c } from '#left/index.ts';", 'src/left/index.ts': '' },
    /imports up/,
  ],
  [
    'siblings that do not meet',
    { 'src/left/a.ts': "import { c } from '#right/index.ts';", 'src/right/index.ts': '' },
    /do not meet/,
  ],
  [
    'an import past the door',
    { 'src/left/a.ts': "export { x } from '#wire/x.ts';", 'src/wire/x.ts': '' },
    /door of wire/,
  ],
  [
    'a relative import out of the folder',
    { 'src/left/a.ts': "import '../wire/index.ts';", 'src/wire/index.ts': '' },
    /without #/,
  ],
  [
    'an unresolved dynamic import',
    { 'src/left/a.ts': "export const x = import('./gone.ts');" },
    /unresolved/,
  ],
  [
    'a cycle closed by a type import',
    {
      'src/left/a.ts': "import type { B } from './b.ts';\nexport type A = B;",
      'src/left/b.ts': "import type { A } from './a.ts';\nexport type B = A;",
    },
    /import cycle/,
  ],
] as const) {
  test(`the floor check catches ${what}`, () => {
    const problems = planted(files);
    assert.match(problems.join('\n'), expected);
  });
}

test('the lint rules against clocks, timers and sockets cover exactly the pure floors', () => {
  const lint = JSON.parse(readFileSync(join(repositoryRoot, '.oxlintrc.json'), 'utf8')) as {
    readonly overrides: readonly { readonly files: readonly string[]; readonly rules: object }[];
  };
  const pure = lint.overrides.find(({ rules }) => 'no-restricted-globals' in rules)?.files ?? [];
  const expected = Object.entries(rooms)
    .filter(([, { floor }]) => floor <= pureFloorMax)
    .map(([room]) => `src/${room}/**`);
  assert.deepEqual(pure.toSorted(), expected.toSorted());
});
