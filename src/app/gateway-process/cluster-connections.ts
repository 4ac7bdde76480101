/** The API servers behind a gateway, by the names under which clients come. */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { connectionFromKubeconfig, type KubeConnection } from '#kubeclient/index.ts';
import { AppError } from '../errors.ts';

/**
 * @param files kubeconfigs by name of cluster
 * @returns with `local` among them
 * @throws AppError APP_FILE_UNREADABLE naming the cluster of a kubeconfig that cannot be used
 */
export async function clusterConnections(
  log: Pick<Logger, 'warn'>,
  local: KubeConnection,
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, KubeConnection>> {
  const all = new Map([['local', local]]);
  for (const [cluster, path] of files) {
    const connection = await connectionFromKubeconfig({ path }).catch((cause: unknown) => {
      const message = `--cluster ${cluster}=${path}: ${messageOf(cause)}`;
      throw new AppError('APP_FILE_UNREADABLE', message, 'correct the kubeconfig', { cause });
    });
    all.set(cluster, connection);
    try {
      await connection.credentials();
    } catch (thrown) {
      // The other clusters are served; this one when what its kubeconfig names is there.
      log.warn('a cluster cannot be reached', { cluster, reason: messageOf(thrown) });
    }
  }
  return all;
}
