/** Where things are inside the pod of a router. */
import { join } from 'node:path';
import type { CredentialFile } from '../router-config/tls-profiles.ts';

/** One directory per TLS profile below it. */
export const certificatesDirectory = '/etc/skupper-router-certs';
/** One directory per proxy below it. */
export const proxiesDirectory = '/etc/skupper-router-proxies';

/** Name of the listener for health and metrics. */
export const healthListenerName = '@9090';
/** Port of `/healthz` and `/metrics`. */
export const routerHealthPort = 9090;

/** @param root other than in a pod, for tests and trials */
export function podCredentialPath(
  profile: string,
  file: CredentialFile,
  root = certificatesDirectory,
): string {
  return join(root, profile, file);
}

export function podProxyPasswordPath(proxy: string, root = proxiesDirectory): string {
  return join(root, proxy, 'password.txt');
}
