/** Runs the benchmarks one after the other, each in its own process: `npm run bench [TEXT]`. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { cpus } from 'node:os';
import { repositoryRoot } from './house/source-tree.ts';

const wanted = process.argv[2] ?? '';
const files = globSync('bench/**/*.bench.ts', { cwd: repositoryRoot })
  .toSorted()
  .filter((path) => path.includes(wanted));
const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
});
console.log(
  `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${revision.stdout}`,
);
let failed = files.length === 0 ? 1 : 0;
for (const file of files) {
  console.log(`\n== ${file}`);
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    cwd: repositoryRoot,
    stdio: 'inherit',
  });
  if (result.status !== 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
