/** Committed generated files equal what the generators write; error tables and docs agree. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { generatedFiles } from '../../scripts/gen/outputs.ts';
import { errorRows, errorTableProblems } from '../../scripts/house/error-table.ts';
import { readTree, repositoryRoot } from '../../scripts/house/source-tree.ts';

test('generated files are current', async () => {
  for (const [path, text] of await generatedFiles()) {
    assert.equal(
      readFileSync(join(repositoryRoot, path), 'utf8'),
      text,
      `${path}: run npm run gen`,
    );
  }
});

test('every error code is documented once, in its own folder', async () => {
  assert.deepEqual(await errorTableProblems(), []);
});

test('docs/reference/errors.md has exactly one heading per code', async () => {
  const page = readFileSync(join(repositoryRoot, 'docs/reference/errors.md'), 'utf8');
  const headings = [...page.matchAll(/^### (\S+)$/gm)].map((match) => match[1] ?? '');
  const codes = (await errorRows()).map((row) => row.code);
  assert.deepEqual(headings.toSorted(), codes.toSorted());
});

test('links between the documents resolve', () => {
  const pages = readTree('.', ['.md']);
  assert.ok(pages.size > 3);
  const broken: string[] = [];
  for (const [path, text] of pages) {
    for (const match of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)) {
      const target = join(repositoryRoot, dirname(path), match[1] ?? '');
      if (!existsSync(target)) broken.push(`${path}: ${match[1]}`);
    }
  }
  assert.deepEqual(broken, []);
});
