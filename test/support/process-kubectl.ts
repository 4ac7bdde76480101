/** The real kubectl, when this machine has one. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Finished, runProcess } from './process-runner.ts';

/** Path of kubectl: KUBECTL, else the first one in PATH; undefined when there is none. */
export const kubectlPath: string | undefined =
  process.env['KUBECTL'] ??
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find(isExecutable);

/** Reason to skip tests that need kubectl; false when it is there. */
export const kubectlSkip: string | false =
  kubectlPath === undefined ? 'kubectl not found: install it or set KUBECTL' : false;

export type Kubectl = (...args: string[]) => Promise<Finished>;

/** Runs kubectl against one kubeconfig. @param path defaults to the one of this machine */
export function kubectlFor(kubeconfig: string, path = kubectlPath ?? 'kubectl'): Kubectl {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  return (...args) => runProcess(path, args, { env });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
