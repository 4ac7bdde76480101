/** House rules that can be read off a file's name and text: sizes, banned names, banned phrases. */
import type { SourceTree } from './source-tree.ts';

const bannedName = /(^|[-/])(utils?|helpers?|common|types|managers?|misc)\.ts$/;
const linesPlain = 400;
const linesWithReason = 700;
const filesPerFolder = 18;

const bannedPhrases: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /\bnew Error\(/, why: 'bare Error: throw a CodedError or an assertion' },
  { pattern: /^export \*/m, why: 'export *: list the names' },
  { pattern: /^export default/m, why: 'default export: name it' },
  { pattern: /\b(TODO|FIXME|XXX)\b/, why: 'unfinished marker' },
];

/** What breaks the rules, one line each; empty when all is well. */
export function textProblems(tree: SourceTree): readonly string[] {
  if (tree.size === 0) return ['no source file was read'];
  const problems: string[] = [];
  const folders = new Map<string, number>();
  for (const [path, text] of tree) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
    if (bannedName.test(path)) problems.push(`${path}: banned file name`);
    problems.push(...sizeProblem(path, text));
    for (const { pattern, why } of bannedPhrases) {
      if (pattern.test(text)) problems.push(`${path}: ${why}`);
    }
  }
  for (const [folder, count] of folders) {
    if (count > filesPerFolder)
      problems.push(`${folder}: ${count} files, more than ${filesPerFolder}`);
  }
  return problems;
}

/** Blank and comment lines do not count. A longer file opens with `// Long because …`. */
function sizeProblem(path: string, text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length;
  if (lines > linesWithReason) return [`${path}: ${lines} lines, more than ${linesWithReason}`];
  if (lines > linesPlain && !text.startsWith('// Long because ')) {
    return [`${path}: ${lines} lines without a reason in its first line`];
  }
  return [];
}
