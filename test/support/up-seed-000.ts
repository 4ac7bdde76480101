/**
 * The commands of seed 000 (linking sites with AccessGrant and AccessToken), as a user copies them
 * from the page into bash, with namespaces and sites prepared.
 */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Finished, runProcess } from './process-runner.ts';
import { succeeded } from './up-sites.ts';

/** Where kubectl works: an `up`, or a cluster. */
export interface Place {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ready: { readonly kubeconfig: string };
}

/** A kubectl, and bash whose current namespace is that of one site. */
export interface Terminal {
  readonly folder: string;
  bash(script: string): Promise<Finished>;
}

/** Opens a terminal whose kubectl works in `namespace`, without touching the other one's context. */
export async function openTerminal(
  up: Place,
  kubectl: string,
  namespace: string,
): Promise<Terminal> {
  const kubeconfig = join(up.home, `kubeconfig-${namespace}`);
  await copyFile(up.ready.kubeconfig, kubeconfig);
  const path = `${up.home}/bin:${process.env['PATH'] ?? ''}`;
  const env = { ...up.env, KUBECONFIG: kubeconfig, PATH: path };
  const bash = (script: string): Promise<Finished> =>
    runProcess('bash', ['-c', script], { env, cwd: up.home });
  succeeded(await bash(`mkdir -p bin && ln -sf '${kubectl}' bin/kubectl`));
  succeeded(await bash(`kubectl config set-context --current --namespace=${namespace}`));
  return { folder: dirname(kubeconfig), bash };
}

/** Namespaces and sites, which the page takes for granted. */
export const prepare = `set -euo pipefail
kubectl create namespace west
kubectl create namespace east
kubectl apply -n west -f - <<EOF
apiVersion: skupper.io/v2alpha1
kind: Site
metadata:
  name: my-site
spec:
  linkAccess: default
EOF
kubectl apply -n east -f - <<EOF
apiVersion: skupper.io/v2alpha1
kind: Site
metadata:
  name: east
EOF
kubectl wait --for=condition=Ready site/my-site -n west --timeout=60s
kubectl wait --for=condition=Ready site/east -n east --timeout=60s
`;

/** Steps 1 to 3, on the listening site. */
export const grantAndToken = `set -euo pipefail
cat > accessgrant.yaml <<EOF
apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata:
  name: grant-west
spec:
  redemptionsAllowed: 2        # default 1
  expirationWindow: 25m        # default 15m
EOF
kubectl apply -f accessgrant.yaml
kubectl wait --for=condition=Ready accessgrant/grant-west --timeout=60s
URL="$(kubectl get accessgrant grant-west -o template --template '{{ .status.url }}')"
CODE="$(kubectl get accessgrant grant-west -o template --template '{{ .status.code }}')"
CA_RAW="$(kubectl get accessgrant grant-west -o template --template '{{ .status.ca }}')"
cat > token.yaml <<EOF
apiVersion: skupper.io/v2alpha1
kind: AccessToken
metadata:
  name: token-to-west
spec:
  code: "$(printf '%s' "$CODE")"
  ca: |- 
$(printf '%s\\n' "$CA_RAW" | sed 's/^/    /')
  url: "$(printf '%s' "$URL")"
EOF
`;

/** Steps 5 and 6, on the connecting site. */
export const redeem = `set -euo pipefail
kubectl apply -f token.yaml
for try in $(seq 100); do
  test "$(kubectl get accesstoken token-to-west -o jsonpath='{.status.redeemed}')" = true && break
  sleep 0.2
done
kubectl wait --for=condition=Operational link/token-to-west --timeout=60s
`;

/** Walks through the whole page and checks each table it shows. */
export async function walkSeed000(up: Place, kubectl: string): Promise<void> {
  const anywhere = await openTerminal(up, kubectl, 'default');
  succeeded(await anywhere.bash(prepare));
  const west = await openTerminal(up, kubectl, 'west');
  const east = await openTerminal(up, kubectl, 'east');
  const table = async (terminal: Terminal, kind: string): Promise<string[][]> =>
    tableOf(succeeded(await terminal.bash(`kubectl get ${kind}`)));

  succeeded(await west.bash(grantAndToken));
  const [grantTitles, grant] = await table(west, 'accessgrants');
  assert.deepEqual(grantTitles, [
    'NAME',
    'REDEMPTIONS ALLOWED',
    'REDEMPTIONS MADE',
    'EXPIRATION',
    'STATUS',
    'MESSAGE',
  ]);
  // Nothing is redeemed yet, so that cell is empty.
  assert.equal(grant?.[0], 'grant-west');
  assert.equal(grant?.[1], '2');
  assert.deepEqual(grant?.slice(-2), ['Ready', 'OK']);
  const expires = Date.parse(grant?.at(-3) ?? '');
  const minutes = (expires - Date.now()) / 60_000;
  assert.ok(minutes > 23 && minutes <= 25, `expires in ${minutes} minutes`);

  succeeded(await east.bash(redeem));
  const [tokenTitles, token] = await table(east, 'accesstokens');
  assert.deepEqual(tokenTitles, ['NAME', 'URL', 'REDEEMED', 'STATUS', 'MESSAGE']);
  assert.equal(token?.[0], 'token-to-west');
  assert.match(token?.[1] ?? '', /^https:\/\/[\d.]+:\d+\/[0-9a-f-]{36}$/);
  assert.deepEqual(token?.slice(2), ['true', 'Ready', 'OK']);
  assert.deepEqual(await table(east, 'link'), [
    ['NAME', 'STATUS', 'REMOTE SITE', 'MESSAGE'],
    ['token-to-west', 'Ready', 'my-site', 'OK'],
  ]);
  const [, redeemed] = await table(west, 'accessgrants');
  assert.deepEqual(redeemed?.slice(0, 3), ['grant-west', '2', '1']);
}

/** Columns and rows of what `kubectl get` printed; cells are parted by two or more spaces. */
export function tableOf(output: string): string[][] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd().split(/ {2,}/));
}
