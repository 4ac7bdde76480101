/** Unit and system tests with coverage of every file of src/, also those that no test loads. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './house/source-tree.ts';

const result = spawnSync(
  process.execPath,
  [
    join(repositoryRoot, 'node_modules', 'c8', 'bin', 'c8.js'),
    '--all',
    '--src=src',
    '--include=src/**',
    '--reporter=text',
    '--reporter=lcov',
    process.execPath,
    'scripts/test.ts',
    'unit',
    'system',
  ],
  {
    cwd: repositoryRoot,
    stdio: 'inherit',
    // Cached code has no source positions for single functions.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  },
);
process.exitCode = result.status ?? 1;
