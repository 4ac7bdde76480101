/** The gate before every commit: format, lint, types, dead code, generated files, unit tests. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './house/source-tree.ts';

const bin = (name: string): string => join(repositoryRoot, 'node_modules', '.bin', name);
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

const steps: readonly { readonly what: string; readonly command: readonly string[] }[] = [
  { what: 'format', command: [bin('biome'), 'format', '.'] },
  { what: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { what: 'types', command: [bin('tsc'), '-p', '.'] },
  { what: 'types of the console', command: [bin('tsc'), '-p', 'console'] },
  { what: 'dead code', command: [...node, bin('knip')] },
  { what: 'generated files', command: [...node, 'scripts/gen.ts', '--check'] },
  { what: 'unit tests', command: [...node, 'scripts/test.ts', 'unit'] },
];

const skipTests = process.argv.includes('--no-tests');
for (const { what, command } of steps) {
  if (skipTests && what === 'unit tests') continue;
  const startMs = performance.now();
  const [file = '', ...args] = command;
  const result = spawnSync(file, args, { cwd: repositoryRoot, encoding: 'utf8' });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (result.status !== 0) {
    console.error(`${what}: failed\n${result.stdout}${result.stderr}`);
    process.exit(1);
  }
  console.log(`${what}: ok (${seconds} s)`);
}
