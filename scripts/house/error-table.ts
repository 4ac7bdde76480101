/** Gathers the error table of every folder of src/ and checks that codes and tables agree. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from './source-tree.ts';

export interface ErrorRow {
  readonly folder: string;
  readonly code: string;
  readonly meaning: string;
  readonly action: string;
}

/** Every documented code, by folder and code. */
export async function errorRows(): Promise<readonly ErrorRow[]> {
  const rows: ErrorRow[] = [];
  const source = join(repositoryRoot, 'src');
  for (const folder of readdirSync(source).toSorted()) {
    const file = join(source, folder, 'errors.ts');
    if (folder === 'base' || !existsSync(file)) continue;
    const module = (await import(pathToFileURL(file).href)) as {
      errorDocs?: Readonly<Record<string, { meaning: string; action: string }>>;
    };
    for (const [code, doc] of Object.entries(module.errorDocs ?? {}).toSorted(byCode)) {
      rows.push({ folder, code, meaning: doc.meaning, action: doc.action });
    }
  }
  return rows;
}

/** Folders with an errors.ts that exports no table, and codes documented twice. */
export async function errorTableProblems(): Promise<readonly string[]> {
  const rows = await errorRows();
  const problems: string[] = [];
  const source = join(repositoryRoot, 'src');
  for (const folder of readdirSync(source)) {
    if (folder === 'base' || !existsSync(join(source, folder, 'errors.ts'))) continue;
    if (!rows.some((row) => row.folder === folder))
      problems.push(`src/${folder}/errors.ts: no errorDocs`);
  }
  const seen = new Set<string>();
  for (const { code } of rows) {
    if (seen.has(code)) problems.push(`${code}: documented twice`);
    if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) problems.push(`${code}: not PREFIX_NAME`);
    seen.add(code);
  }
  return problems;
}

function byCode(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
