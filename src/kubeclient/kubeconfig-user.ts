/**
 * What a kubeconfig says of its user and client-node drops: `tokenFile` (such a user would be nobody)
 * and all of `as-*` but the name (he would be somebody with other rights); and kinds of
 * `auth-provider` that it does not know, with which it would send nothing at all.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isRecord } from '#kube/index.ts';
import { KubeClientError } from './errors.ts';

/** Where a kubeconfig is, as `connectionFromKubeconfig` takes it. */
interface Place {
  readonly path?: string;
  readonly text?: string;
}

export interface KubeconfigUser {
  readonly tokenFile?: string;
  /** Headers that say whom to impersonate; empty when nobody. */
  readonly impersonation: Readonly<Record<string, string | string[]>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws KubeClientError KUBE_CONFIG for what would be somebody else than it says */
export async function kubeconfigUser(
  place: Place,
  name: string,
  parse: (text: string) => unknown,
): Promise<KubeconfigUser> {
  const { folder, fields } = await entryOf(place, name, parse);
  refuseUnknownProvider(name, fields['auth-provider']);
  const { tokenFile } = fields;
  return {
    impersonation: impersonationOf(name, fields),
    ...(typeof tokenFile === 'string' && tokenFile !== ''
      ? { tokenFile: resolve(folder, tokenFile) }
      : {}),
  };
}

async function entryOf(
  place: Place,
  name: string,
  parse: (text: string) => unknown,
): Promise<{ readonly folder: string; readonly fields: Fields }> {
  const usual = process.env['KUBECONFIG'] || join(homedir(), '.kube', 'config');
  const paths = place.path === undefined ? usual.split(delimiter) : [place.path];
  const files =
    place.text === undefined
      ? paths.map(async (path) => [dirname(path), await readFile(path, 'utf8').catch(() => '')])
      : [Promise.resolve(['', place.text])];
  for (const [folder = '', content = ''] of await Promise.all(files)) {
    // In a pod there is no file, but the ServiceAccount.
    if (content.trim() === '') continue;
    const config = parse(content);
    const users = isRecord(config) ? config['users'] : undefined;
    if (!Array.isArray(users)) continue;
    // The first file that knows a user is the one that counts.
    const entry: unknown = users.find((each) => isRecord(each) && each['name'] === name);
    if (isRecord(entry)) return { folder, fields: isRecord(entry['user']) ? entry['user'] : {} };
  }
  return { folder: '', fields: {} };
}

/** Those of client-node; `tokenFile` and `exec` in the configuration of others it takes, too. */
const providers = new Set(['azure', 'exec', 'gcp', 'oidc']);

function refuseUnknownProvider(user: string, provider: unknown): void {
  if (!isRecord(provider) || providers.has(String(provider['name']))) return;
  const { config } = provider;
  if (isRecord(config) && (config['tokenFile'] !== undefined || config['exec'] !== undefined)) {
    return;
  }
  const named = JSON.stringify(provider['name'] ?? '');
  throw fault(user, `auth-provider ${named} is not known: use a credential plugin (exec) instead`);
}

/** @spec Kubernetes user impersonation */
function impersonationOf(user: string, fields: Fields): KubeconfigUser['impersonation'] {
  const { as, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = fields;
  const isAbsent = (value: unknown): boolean => value === undefined || value === null;
  if (isAbsent(as) || as === '') {
    if ([uid, groups, extra].every(isAbsent)) return {};
    throw fault(user, 'as-uid, as-groups and as-user-extra need as, the name of the user');
  }
  const extras = isAbsent(extra) ? {} : extra;
  if (!isRecord(extras)) throw fault(user, 'as-user-extra is no map of lists');
  return {
    'Impersonate-User': text(user, 'as', as),
    ...(isAbsent(uid) ? {} : { 'Impersonate-Uid': text(user, 'as-uid', uid) }),
    ...(isAbsent(groups) ? {} : { 'Impersonate-Group': texts(user, 'as-groups', groups) }),
    ...Object.fromEntries(
      Object.entries(extras).map(([key, value]) => [
        `Impersonate-Extra-${encodeURIComponent(key.toLowerCase())}`,
        texts(user, 'as-user-extra', value),
      ]),
    ),
  };
}

function texts(user: string, field: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.map((each: unknown) => text(user, field, each));
  throw fault(user, `${field} is no list`);
}

function text(user: string, field: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)) return value;
  throw fault(user, `${field} must be text in printable ASCII`);
}

function fault(user: string, why: string): KubeClientError {
  return new KubeClientError('KUBE_CONFIG', `kubeconfig: user ${JSON.stringify(user)}: ${why}`);
}
