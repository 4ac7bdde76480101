/**
 * Tokens in files, as pods and kubeconfigs name them. client-node drops `tokenFile` of a kubeconfig
 * (such a user would be nobody), and of a pod it sends the file with its line end.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { messageOf } from '#base/errors.ts';
import { isRecord } from '#kube/index.ts';
import { KubeClientError } from './errors.ts';

/** Where a kubeconfig is, as `connectionFromKubeconfig` takes it. */
interface Place {
  readonly path?: string;
  readonly text?: string;
}

/** The file that the user of a kubeconfig names; undefined when it names none. */
export async function tokenFileOf(
  place: Place,
  user: string,
  parse: (text: string) => unknown,
): Promise<string | undefined> {
  const usual = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
  const paths = place.path === undefined ? usual.split(delimiter) : [place.path];
  const texts =
    place.text === undefined
      ? paths.map(async (path) => [dirname(path), await readFile(path, 'utf8').catch(() => '')])
      : [Promise.resolve(['', place.text])];
  for (const [folder = '', text = ''] of await Promise.all(texts)) {
    const config = parse(text);
    const users = isRecord(config) ? config['users'] : undefined;
    if (!Array.isArray(users)) continue;
    // The first file that knows a user is the one that counts.
    const entry: unknown = users.find((each) => isRecord(each) && each['name'] === user);
    if (!isRecord(entry)) continue;
    const named = isRecord(entry['user']) ? entry['user']['tokenFile'] : undefined;
    return typeof named === 'string' && named !== '' ? resolve(folder, named) : undefined;
  }
  return undefined;
}

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
