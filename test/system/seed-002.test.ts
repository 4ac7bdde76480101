/**
 * The procedure of kube-gateway's README against `drawbridge up`: keys by openssl, Secrets by
 * kubectl, tokens by curl and jq, a page of the user's own that uses fetch on /k8s/.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { launcher, startUp, temporaryFolder } from '../support/up-process.ts';

interface Bench {
  readonly folder: string;
  readonly gateway: string;
  /** Runs a script as the reader of the README would; gives its output. */
  readonly sh: (script: string) => Promise<string>;
}

async function bench(t: TestContext): Promise<Bench> {
  const up = await startUp(t, { data: await temporaryFolder(t) });
  const folder = await temporaryFolder(t);
  const env = { ...up.env, KUBECONFIG: up.ready.kubeconfig, KUBECTL: kubectlPath ?? 'kubectl' };
  const sh = async (script: string): Promise<string> => {
    const done = await runProcess('bash', ['-euo', 'pipefail', '-c', script], { env, cwd: folder });
    assert.equal(done.code, 0, `${script}\n${done.stdout}${done.stderr}`);
    return done.stdout.trim();
  };
  await sh(`
    "$KUBECTL" create namespace kube-gateway
    "$KUBECTL" create serviceaccount kube-gateway-sa -n kube-gateway
    "$KUBECTL" create role keys -n kube-gateway --verb=get --resource=secrets
    "$KUBECTL" create rolebinding keys -n kube-gateway --role=keys --serviceaccount=kube-gateway:kube-gateway-sa
    "$KUBECTL" create clusterrolebinding gateway --clusterrole=view --serviceaccount=kube-gateway:kube-gateway-sa
    openssl genrsa -out tls.key
    openssl req -new -x509 -sha256 -key tls.key -out tls.crt -days 3650 -subj "/CN=gateway" -addext "subjectAltName=IP:127.0.0.1"
    "$KUBECTL" create secret generic kube-gateway-jwt --from-file=tls.crt -n kube-gateway
    "$KUBECTL" create secret generic kube-gateway-jwt-private --from-file=tls.key -n kube-gateway
    "$KUBECTL" create token kube-gateway-sa -n kube-gateway > token
    "$KUBECTL" config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt
    "$KUBECTL" create configmap shown -n default --from-literal=a=b
  `);
  mkdirSync(join(folder, 'web', 'public'), { recursive: true });
  writeFileSync(join(folder, 'web', 'public', 'index.html'), '<h1>my own application</h1>');
  writeFileSync(join(folder, 'web', 'public', '.hidden'), 'secret');
  const args = [
    'gateway',
    '-api-server',
    up.ready.apiServer,
    '-gateway-listen=https://127.0.0.1:0',
    '-jwt-request-enable',
  ];
  const process = startProcess(t, launcher, args, { env, cwd: folder });
  const [, gateway = ''] = await waitUntil(
    'the gateway serves',
    () => /serves \S+ at (\S+)/.exec(process.stdout) ?? undefined,
  );
  return { folder, gateway, sh };
}

test('the README of kube-gateway works as written', { skip: kubectlSkip }, async (t) => {
  const { gateway, sh } = await bench(t);
  const mint = `
    token=$(cat token)
    curl -sk -H 'Accept: application/json' -H "Authorization: Bearer \${token}" -H "Content-Type: application/json" --request POST --data "\${data}" "${gateway}/auth/jwt/request"`;
  const answer = await sh(`data='{"URLs":["/api/*","/apis/*"],"duration":"30m"}'${mint}`);
  const keys = Object.keys(JSON.parse(answer) as object);
  assert.deepEqual(keys, [
    'ID',
    'From',
    'Verbs',
    'Duration',
    'URLs',
    'NBf',
    'Exp',
    'Until',
    'Token',
  ]);
  const jwt = await sh(
    `data='{"URLs":["/api/*","/apis/*"],"duration":"30m"}'${mint} | jq -r .Token`,
  );
  const get = (path: string): string =>
    `curl -sk --cookie "kg-jwt-session-code=${jwt}" "${gateway}${path}"`;
  assert.equal(
    await sh(`${get('/k8s/api/v1/namespaces/default/configmaps/shown')} | jq -r .data.a`),
    'b',
  );
  // What the account may not do, and what the token does not say, stays closed.
  const secret = '/k8s/api/v1/namespaces/kube-gateway/secrets/kube-gateway-jwt-private';
  assert.equal(await sh(`${get(secret)} | jq -r '.code, .kind'`), '403\nError');
  assert.equal(
    await sh(
      `curl -sk -X DELETE -H "Origin: ${gateway}" --cookie "kg-jwt-session-code=${jwt}" "${gateway}/k8s/api/v1/namespaces/default/configmaps/shown" | jq -r .message`,
    ).then((text) => /does not allow this method/.test(text)),
    true,
  );
  // The signed link of the README.
  const path =
    '/apis/subresources.kubevirt.io/v1/namespaces/kube-gateway/virtualmachineinstances/testvm/vnc';
  const link = await sh(`data='{"URLs":["${path}"],"duration":"1h"}'${mint} | jq -r .Token`);
  const location = await sh(
    `curl -sk -o /dev/null -w '%{http_code} %{redirect_url}' "${gateway}/auth/jwt/set?token=${link}&name=testvm&namespace=kube-gateway"`,
  );
  assert.equal(location, `302 ${gateway}/noVNC/vnc_lite.html?path=k8s${path}`);
  const cookie = await sh(
    `curl -sk -D - -o /dev/null "${gateway}/auth/jwt/set?token=${link}&name=testvm&namespace=kube-gateway" | grep -i ^set-cookie`,
  );
  assert.match(cookie, /kg-jwt-session-code=\S+; Path=\/; HttpOnly; SameSite=Lax; Secure/);
  // Pages of the user's own, and nothing that hides among them.
  assert.equal(await sh(`curl -sk "${gateway}/"`), '<h1>my own application</h1>');
  assert.equal(await sh(`curl -sk -o /dev/null -w '%{http_code}' "${gateway}/.hidden"`), '404');
  assert.match(await sh(`curl -sk "${gateway}/login"`), /<textarea name="token"/);
  assert.match(await sh(`curl -sk "${gateway}/noVNC/vnc_lite.html"`), /console\/src\/vnc.ts/);
  // A bearer that cannot read the signing key cannot mint.
  const refused = await sh(
    `"$KUBECTL" create sa other -n default >/dev/null; "$KUBECTL" create token other -n default > token; data='{"URLs":["/api/*"]}'${mint} | jq -r '.api, .code'`,
  );
  assert.equal(refused, 'kube-gateway/token\n403');
});
