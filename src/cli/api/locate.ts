/**
 * Which kubeconfig to use: the one asked for, else that of a running `drawbridge up`, else
 * ~/.kube/config. What runs is found by asking its port, because files outlive processes.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { isRecord } from '#kube/index.ts';
import { parse } from 'yaml';
import { CliError } from '../errors.ts';
import type { CliIo } from '../io.ts';

/** Where the API server is described. */
export interface Location {
  /** Kubeconfig file; absent: the usual rules of KUBECONFIG lists and of pods. */
  readonly path?: string;
  /** For messages: why this one. */
  readonly because: string;
}

export interface LocateOptions {
  /** The flag --kubeconfig. */
  readonly kubeconfig?: string;
}

/** Longest wait for a port of this machine to answer; milliseconds. */
const probeMsMax = 500;
/** Largest kubeconfig and ready information that is read; bytes. */
const fileBytesMax = 1024 * 1024;
/** Most running instances that are looked at. */
const instancesMax = 64;

/** @throws CliError CLI_API_NOT_FOUND, CLI_FILE */
export async function locateApi(
  io: Pick<CliIo, 'env' | 'homeDir'>,
  options: LocateOptions,
): Promise<Location> {
  if (options.kubeconfig !== undefined) {
    await mustBeFile(options.kubeconfig, '--kubeconfig');
    return { path: options.kubeconfig, because: '--kubeconfig' };
  }
  const fromEnv = (io.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (fromEnv.length > 1) return { because: 'KUBECONFIG' };
  const [only] = fromEnv;
  if (only !== undefined) {
    await mustBeFile(only, 'KUBECONFIG');
    return { path: only, because: 'KUBECONFIG' };
  }
  const running = await runningKubeconfig(dataHome(io));
  if (running !== undefined) return { path: running, because: 'a running drawbridge up' };
  const usual = join(io.homeDir, '.kube', 'config');
  if (await isFile(usual)) return { path: usual, because: '~/.kube/config' };
  if (io.env['KUBERNETES_SERVICE_HOST'] !== undefined) return { because: 'the service account' };
  throw new CliError('CLI_API_NOT_FOUND', 'no API server found: no drawbridge up is running', {
    todo: "start 'drawbridge up', or give --kubeconfig, KUBECONFIG or ~/.kube/config",
  });
}

/** Names of the contexts in the kubeconfig that would be used. @throws CliError as `locateApi` */
export async function contextNames(
  io: Pick<CliIo, 'env' | 'homeDir'>,
  options: LocateOptions,
): Promise<string[]> {
  const { path } = await locateApi(io, options);
  const config = path === undefined ? undefined : await parsed(path);
  const contexts = isRecord(config) ? config['contexts'] : undefined;
  if (!Array.isArray(contexts)) return [];
  return contexts.flatMap((each: unknown) =>
    isRecord(each) && typeof each['name'] === 'string' ? [each['name']] : [],
  );
}

/** Where `drawbridge up` keeps its data unless told otherwise. */
export function dataHome(io: Pick<CliIo, 'env' | 'homeDir'>): string {
  const xdg = io.env['XDG_DATA_HOME'];
  const base = xdg !== undefined && xdg.startsWith('/') ? xdg : join(io.homeDir, '.local', 'share');
  return join(base, 'drawbridge');
}

/** The kubeconfig in the data home, else that of an instance with its data elsewhere (--demo). */
async function runningKubeconfig(home: string): Promise<string | undefined> {
  const candidates = [join(home, 'kubeconfig'), ...(await instances(join(home, 'running')))];
  for (const path of candidates) if (await answers(path)) return path;
  return undefined;
}

/** Kubeconfigs named by the ready information of instances, the newest first. */
async function instances(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const found: { readonly path: string; readonly startedMs: number }[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json')).slice(0, instancesMax)) {
    const file = join(folder, name);
    const info = await parsed(file);
    const kubeconfig = isRecord(info) ? info['kubeconfig'] : undefined;
    if (typeof kubeconfig !== 'string') continue;
    const facts = await stat(file).catch(() => undefined);
    found.push({ path: kubeconfig, startedMs: facts?.mtimeMs ?? 0 });
  }
  return found.toSorted((a, b) => b.startedMs - a.startedMs).map(({ path }) => path);
}

/** True when the server of the kubeconfig's first cluster accepts connections. */
async function answers(path: string): Promise<boolean> {
  const server = serverIn(await parsed(path));
  if (server === undefined || !URL.canParse(server)) return false;
  const url = new URL(server);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(url.port || 443) });
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(probeMsMax, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function serverIn(config: unknown): string | undefined {
  const clusters = isRecord(config) ? config['clusters'] : undefined;
  const first: unknown = Array.isArray(clusters) ? clusters[0] : undefined;
  const cluster = isRecord(first) ? first['cluster'] : undefined;
  const server = isRecord(cluster) ? cluster['server'] : undefined;
  return typeof server === 'string' ? server : undefined;
}

/** A small YAML or JSON file; undefined when it is absent, too large or not YAML. */
async function parsed(path: string): Promise<unknown> {
  try {
    if ((await stat(path)).size > fileBytesMax) return undefined;
    return parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

async function isFile(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isFile() ?? false;
}

/** A pipe will do: shells give one for `--kubeconfig <(…)`. */
async function mustBeFile(path: string, from: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts !== undefined && !facts.isDirectory()) return;
  throw new CliError('CLI_FILE', `${from}: there is no file ${path}`, {
    todo: 'check the path',
  });
}
