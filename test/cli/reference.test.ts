/** docs/reference/cli.md is what the program says. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { groups } from '../../src/cli/program.ts';
import { generateCliDoc } from '../../scripts/gen/cli-doc.ts';

test('the reference of the command line is up to date', async () => {
  const files = await generateCliDoc();
  assert.equal(files.size, 1);
  for (const [path, text] of files) {
    const written = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.equal(written, text, `${path} differs: write it anew from scripts/gen/cli-doc.ts`);
  }
});

test('it has every verb once', async () => {
  const [text = ''] = (await generateCliDoc()).values();
  const titles = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  assert.ok(
    titles.includes('status') &&
      titles.includes('token redeem') &&
      titles.includes('connector generate'),
  );
  assert.equal(new Set(titles).size, titles.length);
  for (const { name } of groups) {
    assert.ok(
      titles.some((title) => title?.split(' ')[0] === name),
      name,
    );
  }
});
