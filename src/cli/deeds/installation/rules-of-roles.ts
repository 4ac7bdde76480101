/** What ClusterRoles of a cluster allow, for a gateway that impersonates for no more than that. */
import { clusterRole } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import type { Session } from '../../api/session.ts';
import { CliError } from '../../errors.ts';
import type { Rule } from './installed-object.ts';

/** First minor version of Kubernetes 1 that has constrained impersonation switched on. */
const minorMin = 36;

/**
 * What ClusterRoles of the cluster allow, to allow no more than that as somebody else.
 * @throws CliError CLI_REFUSED where the server is too old, or a ClusterRole is not there
 */
export async function rulesOfRoles(
  { client }: Session,
  names: readonly string[],
): Promise<readonly Rule[]> {
  const { major = '', minor = '' } = await client.raw<{ major?: string; minor?: string }>({
    method: 'GET',
    path: '/version',
  });
  if (!(Number(major) > 1 || Number.parseInt(minor, 10) >= minorMin)) {
    throw new CliError(
      'CLI_REFUSED',
      `Kubernetes ${major}.${minor} cannot limit what is done by impersonation, only from 1.${minorMin} on`,
      {
        todo: 'leave out --impersonate-for, and limit whom with --impersonate-user and --impersonate-group',
      },
    );
  }
  const roles = await Promise.all(
    names.map(async (name) => {
      try {
        return await client.get(clusterRole, { name, namespace: '' });
      } catch (thrown) {
        if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
        throw new CliError('CLI_REFUSED', `there is no ClusterRole ${name}`, {
          todo: "'kubectl get clusterroles' lists them",
        });
      }
    }),
  );
  return roles.flatMap(({ rules }) => (rules ?? []) as readonly Rule[]);
}
