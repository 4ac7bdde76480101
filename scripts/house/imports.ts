/** Finds what each file imports: values, types and re-exports alike, static and dynamic. */
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import type { SourceTree } from './source-tree.ts';

export interface ImportEdge {
  readonly from: string;
  readonly specifier: string;
  /** Path in the tree, or undefined for packages and built-in modules. */
  readonly to: string | undefined;
}

/** All import edges of the tree. */
export function importEdges(tree: SourceTree): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (const [from, text] of tree) {
    for (const specifier of specifiersOf(from, text)) {
      edges.push({ from, specifier, to: resolve(from, specifier) });
    }
  }
  return edges;
}

function specifiersOf(path: string, text: string): string[] {
  const { module } = parseSync(path, text);
  const specifiers = module.staticImports.map((entry) => entry.moduleRequest.value);
  for (const statement of module.staticExports) {
    for (const entry of statement.entries) {
      if (entry.moduleRequest) specifiers.push(entry.moduleRequest.value);
    }
  }
  for (const entry of module.dynamicImports) {
    const source = text.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    specifiers.push(source.replaceAll(/^['"`]|['"`]$/g, ''));
  }
  return [...new Set(specifiers)];
}

function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`;
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  return undefined;
}
