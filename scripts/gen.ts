/** Writes the generated files: CRDs, reference tables. `--check` only compares and fails on a difference. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './gen/outputs.ts';
import { repositoryRoot } from './house/source-tree.ts';

const check = process.argv.includes('--check');
let different = 0;
for (const [path, text] of await generatedFiles()) {
  const file = join(repositoryRoot, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  different++;
  if (check) {
    console.error(`${path} differs from what npm run gen writes`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
if (check && different > 0) process.exitCode = 1;
