/**
 * Where the API server of a kubeconfig is and which CA it has, and nothing that could log in there:
 * for processes that must not hold a credential.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isRecord } from '#kube/index.ts';
import { parse } from 'yaml';
import { CliError } from '../errors.ts';
import type { CliIo } from '../io.ts';
import { locateApi } from './locate.ts';

export interface ClusterAddress {
  readonly server: string;
  /** PEM bundle; absent: the system's roots. */
  readonly ca?: string;
}

/** @throws CliError CLI_API_NOT_FOUND, CLI_FILE */
export async function clusterAddress(
  io: CliIo,
  flags: { readonly kubeconfig?: string; readonly context?: string },
): Promise<ClusterAddress> {
  const { path } = await locateApi(io, flags);
  if (path === undefined) throw unusable('KUBECONFIG', 'it names several files');
  const config: unknown = await readFile(path, 'utf8')
    .then(parse)
    .catch(() => undefined);
  if (!isRecord(config)) throw unusable(path, 'it is not a kubeconfig');
  const context = entry(config, 'contexts', flags.context ?? config['current-context'])['context'];
  const name = isRecord(context) ? context['cluster'] : undefined;
  const cluster = entry(config, 'clusters', name)['cluster'];
  const server = isRecord(cluster) ? cluster['server'] : undefined;
  if (!isRecord(cluster) || typeof server !== 'string') throw unusable(path, 'it names no server');
  const data = cluster['certificate-authority-data'];
  const file = cluster['certificate-authority'];
  if (typeof data === 'string') return { server, ca: Buffer.from(data, 'base64').toString() };
  if (typeof file !== 'string') return { server };
  return { server, ca: await readFile(resolve(dirname(path), file), 'utf8') };
}

function entry(config: Record<string, unknown>, list: string, name: unknown) {
  const entries = config[list];
  const found: unknown = Array.isArray(entries)
    ? entries.find((each) => isRecord(each) && each['name'] === name)
    : undefined;
  return isRecord(found) ? found : {};
}

function unusable(path: string, why: string): CliError {
  return new CliError('CLI_FILE', `${path}: ${why}`, {
    todo: 'name the server and its CA with flags, or give another --kubeconfig',
  });
}
