/**
 * The pod of a router as a kubelet would run it: the arguments and variables of its Deployment,
 * files below a directory of its own, on the loopback of the test's own network.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deployment } from '#controllers/index.ts';
import { runRouterPod } from '../controllers/cluster-objects.ts';
import type { ClusterWorld } from '../controllers/cluster-world.ts';
import { type RunningProcess, startProcess } from './process-runner.ts';
import { until } from './until.ts';

const launcher = fileURLToPath(new URL('../../bin/drawbridge.ts', import.meta.url));
interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** Runs the pod of the Site of a namespace, and says so in the API once it is healthy. */
export async function startRouterPod(
  t: TestContext,
  world: ClusterWorld,
  namespace: string,
): Promise<{ readonly process: RunningProcess; readonly root: string }> {
  const made = await world.eventually(deployment, namespace, 'skupper-router', () => true);
  const [container] = (made.spec?.template.spec['containers'] ?? []) as Container[];
  if (container === undefined) throw new TypeError('no container');
  const root = mkdtempSync(join(tmpdir(), 'drawbridge-pod-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  const { PATH = '', HOME = '' } = process.env;
  const running = startProcess(
    t,
    process.execPath,
    [launcher, ...container.args, '--files-root', root],
    { env: { PATH, HOME, KUBECONFIG: world.api.kubeconfig, ...env } },
  );
  await until(
    async () => {
      if (running.exit !== undefined) throw new Error(running.describe());
      return (await fetch('http://127.0.0.1:9090/healthz')).ok;
    },
    'the pod is healthy',
    20_000,
  );
  await runRouterPod(world, namespace, { ip: '127.0.0.1' });
  return { process: running, root };
}
