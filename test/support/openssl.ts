/** Runs the openssl command, the foreign judge of our keys and certificates. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True when the command is on the PATH. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Writes `files` to a new directory, runs openssl there and returns its output, errors included. */
export function openssl(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): { readonly ok: boolean; readonly output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-openssl-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    const run = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8', timeout: 20_000 });
    return { ok: run.status === 0, output: run.stdout + run.stderr };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs a shell script of openssl commands in a new directory; gives its output. */
export function opensslScript(script: string): { readonly ok: boolean; readonly output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-openssl-'));
  try {
    const run = spawnSync('sh', ['-c', script], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { ok: run.status === 0, output: run.stdout + run.stderr };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
