/**
 * The kubeconfig of the machine's owner: context `drawbridge` for namespace `default`, and one
 * `drawbridge-NS` for every other namespace.
 */
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { yamlText } from '#kube/index.ts';
import { messageOf } from '#base/errors.ts';
import { ApiServerError } from './errors.ts';

export interface KubeconfigRequest {
  /** URL of the API server. */
  readonly server: string;
  /** PEM of its CA. */
  readonly ca: string;
  /** PEM certificate of the user. */
  readonly cert: string;
  /** PEM private key of the user. */
  readonly key: string;
  /** Namespaces that get a context of their own; `default` always has one. */
  readonly namespaces: readonly string[];
  /** Of the context `drawbridge`; default `default`. */
  readonly namespace?: string;
}

const base = 'drawbridge';

/** The kubeconfig as YAML. */
export function kubeconfigText(request: KubeconfigRequest): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const others = request.namespaces.filter((name) => name !== 'default').sort();
  const context = (name: string, namespace: string): unknown => ({
    name,
    context: { cluster: base, user: base, namespace },
  });
  return yamlText({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: base,
        cluster: { server: request.server, 'certificate-authority-data': base64(request.ca) },
      },
    ],
    users: [
      {
        name: base,
        user: {
          'client-certificate-data': base64(request.cert),
          'client-key-data': base64(request.key),
        },
      },
    ],
    contexts: [
      context(base, request.namespace ?? 'default'),
      ...others.map((namespace) => context(`${base}-${namespace}`, namespace)),
    ],
    'current-context': base,
  });
}

/**
 * Writes the kubeconfig in one step, readable by its owner only.
 * @throws ApiServerError APISERVER_FILES_UNUSABLE
 */
export function writeKubeconfig(path: string, request: KubeconfigRequest): void {
  writePrivateFile(path, kubeconfigText(request));
}

/** Replaces a file in one step with mode 0600. @throws ApiServerError APISERVER_FILES_UNUSABLE */
export function writePrivateFile(path: string, text: string): void {
  const draft = `${path}.new`;
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (cause) {
    throw new ApiServerError(
      'APISERVER_FILES_UNUSABLE',
      `cannot write ${path}: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}
