/**
 * What the suite runs against, chosen by TARGET:
 *
 *   embedded    the server of this product (default)
 *   real        kube-apiserver and etcd from the folder KUBEBUILDER_ASSETS
 *   kubeconfig  the cluster of CONFORMANCE_KUBECONFIG; the suite makes namespaces of its own there
 *
 * The suite sees a kubeconfig and what the target is able to do, nothing else of it.
 */
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestApiServer } from '../support/api-server.ts';
import { kubernetesSkip, startKubernetes } from '../support/kubernetes.ts';
import { kubectlFor, kubectlPath } from '../support/process-kubectl.ts';

/** What not every target has. */
export type Capability = 'gc' | 'nsLifecycle' | 'deployments';

export interface Target {
  readonly name: 'embedded' | 'real' | 'kubeconfig';
  readonly kubeconfig: string;
  has(capability: Capability): boolean;
}

const chosen = process.env['TARGET'] ?? 'embedded';
const crds = fileURLToPath(new URL('../../deploy/crds', import.meta.url));

/** Reason why the target cannot be had; false when it can. */
export const targetSkip: string | false = skipReason();

function skipReason(): string | false {
  if (chosen === 'embedded') return false;
  if (kubectlPath === undefined) return 'kubectl not found: it installs the kinds on the target';
  if (chosen === 'real') return kubernetesSkip;
  if (chosen !== 'kubeconfig') return `TARGET=${chosen}: choose embedded, real or kubeconfig`;
  const named = process.env['CONFORMANCE_KUBECONFIG'];
  return named === undefined ? 'CONFORMANCE_KUBECONFIG names no kubeconfig' : false;
}

/** Starts the target for the length of a test. */
export async function targetFor(t: TestContext): Promise<Target> {
  if (chosen === 'embedded') {
    const api = await startTestApiServer();
    t.after(() => api.stop());
    return { name: 'embedded', kubeconfig: api.kubeconfig, has: () => true };
  }
  if (chosen === 'real') {
    const real = await startKubernetes();
    t.after(() => real.stop());
    await installKinds(real.kubeconfig);
    return { name: 'real', kubeconfig: real.kubeconfig, has: () => real.controllers };
  }
  const kubeconfig = process.env['CONFORMANCE_KUBECONFIG'] ?? '';
  await installKinds(kubeconfig);
  return { name: 'kubeconfig', kubeconfig, has: () => true };
}

async function installKinds(kubeconfig: string): Promise<void> {
  const kubectl = kubectlFor(kubeconfig);
  for (const args of [
    ['apply', '--server-side', '-f', crds],
    ['wait', '--for=condition=Established', '--timeout=60s', '-f', crds],
  ]) {
    const { code, stderr } = await kubectl(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  }
}
