/** Compares the imports of src/ with the floor plan and looks for cycles between files. */
import type { Room } from './floors.ts';
import { type ImportEdge, importEdges } from './imports.ts';
import type { SourceTree } from './source-tree.ts';

/** What breaks the floor plan, one line each; empty when all is well. */
export function floorProblems(
  tree: SourceTree,
  rooms: Readonly<Record<string, Room>>,
): readonly string[] {
  if (tree.size === 0) return ['no source file was read'];
  const problems: string[] = [];
  for (const path of tree.keys()) {
    const room = roomOf(path);
    if (room === undefined || !rooms[room]) problems.push(`${path}: folder has no floor`);
  }
  const edges = importEdges(tree);
  for (const edge of edges) {
    const problem = edgeProblem(edge, tree, rooms);
    if (problem !== undefined) problems.push(`${edge.from}: ${problem}`);
  }
  return [...problems, ...cycleProblems(edges)];
}

function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

function edgeProblem(
  edge: ImportEdge,
  tree: SourceTree,
  rooms: Readonly<Record<string, Room>>,
): string | undefined {
  if (edge.to === undefined) return undefined;
  if (!tree.has(edge.to)) return `unresolved import ${edge.specifier}`;
  const here = roomOf(edge.from) ?? '';
  const there = roomOf(edge.to) ?? '';
  if (here === there) {
    return edge.specifier.startsWith('#')
      ? `own folder by ${edge.specifier}, not relative`
      : undefined;
  }
  const from = rooms[here];
  const to = rooms[there];
  if (!from || !to) return undefined;
  if (!edge.specifier.startsWith('#')) return `${edge.specifier} leaves the folder without #`;
  if (to.floor > from.floor) return `${here} (floor ${from.floor}) imports up: ${edge.specifier}`;
  if (to.floor === from.floor && !from.meets?.includes(there)) {
    return `${here} and ${there} are siblings that do not meet: ${edge.specifier}`;
  }
  if (there !== 'base' && edge.to !== `src/${there}/index.ts`) {
    return `${edge.specifier} does not go through the door of ${there}`;
  }
  return undefined;
}

function cycleProblems(edges: readonly ImportEdge[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (to !== undefined) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      problems.push(`import cycle: ${[...trail.slice(start), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of targets.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return problems;
}
