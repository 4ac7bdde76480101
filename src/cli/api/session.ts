/** One conversation with the API server: found, opened, closed, and its faults put in words. */
import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { apiVersionOf } from '#kube/index.ts';
import {
  connectionFromKubeconfig,
  directConnection,
  errorDocs,
  isKubeError,
  KubeClient,
  KubeClientError,
  type KubeConnection,
  type KubeconfigOptions,
} from '#kubeclient/index.ts';
import { CliError } from '../errors.ts';
import type { GlobalFlags } from '../input/format.ts';
import type { CliIo } from '../io.ts';
import { type Progress, progressOn } from '../output/progress.ts';
import { site } from './kinds.ts';
import { type Location, locateApi } from './locate.ts';
import { plainConnection } from './plain-kubeconfig.ts';

export interface Session {
  readonly client: KubeClient;
  readonly connection: KubeConnection;
  /** The flag -n, else the context's namespace, else `default`. */
  readonly namespace: string;
  /** Says what is waited for. */
  readonly progress: Progress;
}

/**
 * Opens the API for one verb and closes it afterwards.
 * @throws CliError; KubeClientError for what the verb did not expect
 */
export async function withSession<T>(
  io: CliIo,
  flags: GlobalFlags,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const location = await locateApi(io, flags);
  const connection = await connect(location, flags.context);
  const client = new KubeClient(connection);
  const progress = progressOn(io);
  try {
    const namespace = flags.namespace ?? connection.namespace;
    return await work({ client, connection, namespace, progress });
  } catch (thrown) {
    throw await inWords(thrown, client, `${connection.server} (from ${location.because})`);
  } finally {
    progress.end();
    client.close();
  }
}

/** The fault as a person should read it. */
async function inWords(thrown: unknown, client: KubeClient, server: string): Promise<unknown> {
  if (isKubeError(thrown, 'KUBE_NOT_FOUND') && !(await knowsOurKinds(client))) {
    return new CliError('CLI_KINDS_MISSING', `${server} does not know the kinds of Drawbridge`, {
      todo: "apply deploy/crds with 'kubectl apply -f', or check --kubeconfig and --context",
      cause: thrown,
    });
  }
  if (isKubeError(thrown, 'KUBE_UNREACHABLE')) {
    return new CliError('CLI_API_NOT_FOUND', `${server} cannot be reached: ${thrown.message}`, {
      todo: 'check that it runs (drawbridge up for one of your own), --kubeconfig and --context',
      cause: thrown,
    });
  }
  return thrown instanceof KubeClientError ? refusal(thrown) : thrown;
}

/** The words of the API server, and what its kind of error calls for. */
function refusal(thrown: KubeClientError): CliError {
  return new CliError('CLI_REFUSED', thrown.message, {
    todo: errorDocs[thrown.code].action,
    cause: thrown,
  });
}

async function connect(location: Location, context: string | undefined): Promise<KubeConnection> {
  const { path } = location;
  try {
    const text = path === undefined ? '' : await readFile(path, 'utf8');
    const plain = plainConnection(text, context);
    if (plain !== undefined) return directConnection(plain);
    return await connectionFromKubeconfig({
      ...(path === undefined ? {} : await sourceOf(path, text)),
      ...(context === undefined ? {} : { context }),
    });
  } catch (thrown) {
    if (thrown instanceof KubeClientError) throw refusal(thrown);
    throw new CliError('CLI_FILE', `${path ?? 'kubeconfig'}: ${messageOf(thrown)}`, {
      todo: 'check that it is a kubeconfig and that you may read it',
      cause: thrown,
    });
  }
}

/** Files named in a kubeconfig are relative to it; what came through a pipe is gone once read. */
async function sourceOf(path: string, text: string): Promise<KubeconfigOptions> {
  return (await stat(path)).isFile() ? { path } : { text };
}

async function knowsOurKinds(client: KubeClient): Promise<boolean> {
  try {
    await client.raw({ method: 'GET', path: `/apis/${apiVersionOf(site)}` });
    return true;
  } catch (thrown) {
    return !isKubeError(thrown, 'KUBE_NOT_FOUND');
  }
}
