/** Tokens in files, as pods and kubeconfigs name them; client-node sends the file with its line end. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { KubeClientError } from './errors.ts';

/** The token without what an editor or an echo put after it. @throws KubeClientError KUBE_CONFIG */
export async function readTokenFile(path: string): Promise<string> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    if (token !== '') return token;
  } catch (cause) {
    throw new KubeClientError('KUBE_CONFIG', `the token file cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  throw new KubeClientError('KUBE_CONFIG', `the token file ${path} is empty`);
}
