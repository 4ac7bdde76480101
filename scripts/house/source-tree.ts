/** Reads the source tree as data for the house checks: path (with forward slashes) to text. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export type SourceTree = ReadonlyMap<string, string>;

/** The repository's root folder. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** Every file below `folder` (relative to the root) whose name ends in one of `endings`. */
export function readTree(folder: string, endings: readonly string[]): SourceTree {
  const tree = new Map<string, string>();
  const visit = (path: string): void => {
    if (statSync(path).isFile()) {
      if (endings.some((ending) => path.endsWith(ending))) {
        tree.set(relative(repositoryRoot, path).split(sep).join('/'), readFileSync(path, 'utf8'));
      }
      return;
    }
    for (const name of readdirSync(path).toSorted()) {
      if (name !== 'node_modules' && name !== '.git') visit(join(path, name));
    }
  };
  visit(join(repositoryRoot, folder));
  return tree;
}
