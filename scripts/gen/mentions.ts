/** Which tests name which acceptance lines in their titles. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/source-tree.ts';

export interface Mention {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly text: string;
}

/**
 * The test files by the numbers that they mention.
 * @param mention global; its first group is the list of numbers
 * @throws when a title names a number above `known`
 */
export function mentionsOf(
  mention: RegExp,
  known: number,
): ReadonlyMap<number, readonly Mention[]> {
  const found = new Map<number, Mention[]>();
  for (const file of testFiles('test')) {
    const text = readFileSync(join(repositoryRoot, file), 'utf8');
    const numbers = [...text.matchAll(mention)].flatMap(([, list = '']) => list.split(/, | and /));
    for (const number of new Set(numbers.map(Number))) {
      if (number < 1 || number > known) throw new Error(`no acceptance line ${number}: ${file}`);
      found.set(number, [...(found.get(number) ?? []), { file, text }]);
    }
  }
  return found;
}

/** Links from docs/reference; empty when there is none. */
export function shownAs(found: readonly Mention[]): string {
  return found.map(({ file }) => `[${file.replace(/^test\//, '')}](../../${file})`).join(', ');
}

function testFiles(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}
