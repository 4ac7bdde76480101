/**
 * Kubeconfigs as `drawbridge up` writes them: one server, its CA, a client certificate, all in the
 * file. They are read here, because loading the library that knows every other kind of kubeconfig
 * takes longer than all the rest of a verb.
 */
import { isRecord } from '#kube/index.ts';
import type { DirectConnectionOptions } from '#kubeclient/index.ts';
import { parse } from 'yaml';

const clusterFields = new Set(['server', 'certificate-authority-data']);
const userFields = new Set(['client-certificate-data', 'client-key-data']);

/**
 * The connection that a kubeconfig describes.
 * @param context name of the context; undefined: the current one
 * @returns undefined for anything that is not as plain as this, right or wrong
 */
export function plainConnection(
  text: string,
  context: string | undefined,
): DirectConnectionOptions | undefined {
  const config = parsed(text);
  const chosen = context ?? config['current-context'];
  const { cluster, user, namespace } = named(config, 'contexts', 'context', chosen);
  const server = named(config, 'clusters', 'cluster', cluster);
  const person = named(config, 'users', 'user', user);
  if (!hasOnly(server, clusterFields) || !hasOnly(person, userFields)) return undefined;
  const url = server['server'];
  const ca = decoded(server['certificate-authority-data']);
  const cert = decoded(person['client-certificate-data']);
  const key = decoded(person['client-key-data']);
  if (typeof url !== 'string' || !url.startsWith('https://')) return undefined;
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const plain = { server: url, ca, cert, key };
  return typeof namespace === 'string' && namespace !== '' ? { ...plain, namespace } : plain;
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(text: string): Fields {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0 });
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** The fields of an entry in one of the named lists of a kubeconfig; empty when there is none. */
function named(config: Fields, list: string, field: string, name: unknown): Fields {
  const entries = config[list];
  if (!Array.isArray(entries) || typeof name !== 'string') return {};
  const entry: unknown = entries.find((each) => isRecord(each) && each['name'] === name);
  const fields = isRecord(entry) ? entry[field] : undefined;
  return isRecord(fields) ? fields : {};
}

function hasOnly(fields: Fields, allowed: ReadonlySet<string>): boolean {
  return Object.keys(fields).every((name) => allowed.has(name));
}

function decoded(value: unknown): string | undefined {
  return typeof value === 'string' && value !== ''
    ? Buffer.from(value, 'base64').toString()
    : undefined;
}
