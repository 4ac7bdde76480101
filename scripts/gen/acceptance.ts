/** Writes docs/reference/acceptance.md: each acceptance line with the tests whose titles name it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/source-tree.ts';
import { acceptanceLines, clusterOnly } from './acceptance-lines.ts';

const path = 'docs/reference/acceptance.md';
/** `acceptance 7:` or `acceptance 7, 8:` in the title of a test, or of a row it is made of. */
const mention = /(?<!gateway )acceptance (\d+(?:, \d+)*):/g;

/** The file by its path. @throws when a title names a line that does not exist */
export function generateAcceptance(): ReadonlyMap<string, string> {
  const shownBy = mentions();
  const known = acceptanceLines.reduce((sum, [, lines]) => sum + lines.length, 0);
  for (const [number, files] of shownBy) {
    if (number < 1 || number > known) throw new Error(`no acceptance line ${number}: ${files[0]}`);
  }
  const parts: string[] = [];
  let number = 0;
  let missing = 0;
  for (const [heading, lines] of acceptanceLines) {
    parts.push(`\n## ${heading}\n`, '| | what | shown by |', '|---|---|---|');
    for (const line of lines) {
      number++;
      const files = shownBy.get(number) ?? [];
      if (files.length === 0) missing++;
      parts.push(`| ${number} | ${line} | ${shown(number, files)} |`);
    }
  }
  const intro = [
    '# Acceptance',
    '',
    'Generated from the titles of the tests by `npm run gen`; do not edit. A test that shows a line has',
    '`acceptance N:` in its title.',
    '',
    `${known - missing} of ${known} lines are shown; ${missing} are not.`,
  ];
  return new Map([[path, `${[...intro, ...parts].join('\n')}\n`]]);
}

function shown(number: number, files: readonly string[]): string {
  if (files.length > 0) {
    return files.map((file) => `[${file.replace(/^test\//, '')}](../../${file})`).join(', ');
  }
  return clusterOnly.has(number) ? 'not shown (needs a cluster)' : 'not shown';
}

function mentions(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const file of testFiles('test')) {
    const text = readFileSync(join(repositoryRoot, file), 'utf8');
    const numbers = [...text.matchAll(mention)].flatMap(([, list = '']) => list.split(', '));
    for (const number of new Set(numbers.map(Number))) {
      found.set(number, [...(found.get(number) ?? []), file]);
    }
  }
  return found;
}

function testFiles(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}
