/** kubectl with `drawbridge gateway exec-credential` as its credential plugin. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, runProcess } from './process-runner.ts';
import { launcher } from './up-process.ts';
import { succeeded } from './up-sites.ts';

export interface PluginBench {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly kubectl: string;
  /** The command line as who makes grants. */
  cli(...args: readonly string[]): Promise<Finished>;
}

/** Makes a grant of three uses for the ConfigMap `settings`. @returns runs kubectl with it */
async function kubectlBy(
  bench: PluginBench,
  name: string,
  ...flags: readonly string[]
): Promise<() => Promise<void>> {
  const wish = ['--exec', '--uses=3', '--resource=configmaps', '--namespace=default', ...flags];
  const made = succeeded(await bench.cli('gateway', 'kubeconfig', name, ...wish));
  const file = join(bench.folder, `${name}.kubeconfig`);
  writeFileSync(file, made.replace('command: drawbridge', `command: ${launcher}`));
  const args = ['--kubeconfig', file, 'get', 'configmaps'];
  return async () => {
    const run = await runProcess(bench.kubectl, args, { env: bench.env });
    assert.match(succeeded(run), /settings +1/);
  };
}

/** Ten begin with an empty cache, and `plugin` is used once. */
export async function tenByPlugin(bench: PluginBench): Promise<void> {
  const kubectl = await kubectlBy(bench, 'plugin');
  await Promise.all(Array.from({ length: 10 }, kubectl));
  assert.match(succeeded(await bench.cli('gateway', 'list', '-A')), /plugin .* 1\/3 /);
}

/** What the first gets ends in 20 s, so the second gets another one, and uses `brief` again. */
export async function briefByPlugin(bench: PluginBench): Promise<void> {
  const kubectl = await kubectlBy(bench, 'brief', '--session-max=20s');
  await kubectl();
  await kubectl();
  assert.match(succeeded(await bench.cli('gateway', 'list', '-A')), /brief .* 2\/3 /);
}
