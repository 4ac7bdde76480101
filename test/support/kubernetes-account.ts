/** A kubeconfig with the token of a ServiceAccount: what a pod of it may do, and not more. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeClient } from '#kubeclient/index.ts';

export interface AccountWish {
  readonly server: string;
  readonly ca: string;
  readonly namespace: string;
  readonly name: string;
  /** Where the file goes. */
  readonly folder: string;
}

/** A bound token of the account. */
export async function accountToken(
  client: KubeClient,
  { namespace, name }: Pick<AccountWish, 'namespace' | 'name'>,
): Promise<string> {
  const answer = await client.raw<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return answer.status.token;
}

/** The token as a file beside the kubeconfig, which names it as pods do. @returns the kubeconfig */
export async function accountKubeconfig(client: KubeClient, wish: AccountWish): Promise<string> {
  const { server, ca, namespace, name, folder } = wish;
  const tokenFile = join(folder, `${name}.token`);
  writeFileSync(tokenFile, await accountToken(client, wish), { mode: 0o600 });
  const file = join(folder, `${name}.kubeconfig`);
  const data = Buffer.from(ca).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace } }],
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'u', user: { tokenFile } }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
