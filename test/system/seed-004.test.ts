/**
 * The TokenRequest API under /kubernetes, as bots and laptops reach it: of `drawbridge up`, and of a
 * process of its own that holds no credential.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { launcher, startUp, temporaryFolder, type Up } from '../support/up-process.ts';

const bot = fileURLToPath(
  new URL('../../deploy/kubernetes-proxy/examples/client/bot.yaml', import.meta.url),
);

interface Bench {
  readonly up: Up;
  readonly folder: string;
  /** Runs a script as a reader of the guide would; gives its output. */
  readonly sh: (script: string) => Promise<string>;
}

async function bench(t: TestContext): Promise<Bench> {
  const up = await startUp(t, { data: await temporaryFolder(t) });
  const folder = await temporaryFolder(t);
  const env = {
    ...up.env,
    KUBECONFIG: up.ready.kubeconfig,
    KUBECTL: kubectlPath ?? 'kubectl',
    DRAWBRIDGE: launcher,
    XDG_CACHE_HOME: join(folder, 'cache'),
    BOT: bot,
  };
  const sh = async (script: string): Promise<string> => {
    const done = await runProcess('bash', ['-euo', 'pipefail', '-c', script], { env, cwd: folder });
    assert.equal(done.code, 0, `${script}\n${done.stdout}${done.stderr}`);
    return done.stdout.trim();
  };
  await sh(`
    "$KUBECTL" config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt
    sed '/^kind: Secret/,/^---/d' "$BOT" | "$KUBECTL" apply -f - || "$KUBECTL" apply -f "$BOT"
    "$KUBECTL" create token bot -n default --duration=48h > token`);
  return { up, folder, sh };
}

test('a bot gets short-lived tokens through /kubernetes, and nothing else', {
  skip: kubectlSkip,
}, async (t) => {
  const { up, sh } = await bench(t);
  const base = `${up.ready.gateway ?? ''}/kubernetes`;
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
  // The check of the seed: the API server's own refusal of the anonymous caller.
  const refusal = JSON.parse(await sh(`curl -s --cacert ca.crt ${base}${path}`)) as Record<
    string,
    unknown
  >;
  assert.equal(
    refusal['message'],
    'serviceaccounts "default" is forbidden: User "system:anonymous" cannot get resource "serviceaccounts/token" in API group "" in the namespace "default"',
  );
  assert.deepEqual(
    [refusal['code'], refusal['details']],
    [403, { name: 'default', kind: 'serviceaccounts' }],
  );
  for (const other of ['/api/v1/namespaces/default/secrets', '/version', '/apis', '']) {
    assert.equal(
      await sh(`curl -s -o /dev/null -w '%{http_code}' --cacert ca.crt ${base}${other}`),
      '404',
      other,
    );
  }
  // curl, kubectl (which sends protobuf) and our own command get tokens for the audience.
  const mine = '/api/v1/namespaces/default/serviceaccounts/bot/token';
  const byCurl =
    await sh(`curl -s --cacert ca.crt ${base}${mine} -H "Authorization: Bearer $(cat token)" \\
    -H 'Content-Type: application/json' -d '{"spec":{"audiences":["https://vault.example.com"],"expirationSeconds":600}}' | jq -r .status.token`);
  const byKubectl =
    await sh(`"$KUBECTL" --kubeconfig /dev/null --server ${base} --certificate-authority ca.crt \\
    --token "$(cat token)" create token bot -n default --duration 10m --audience https://vault.example.com`);
  const get = `"$DRAWBRIDGE" token-request get --server ${base} --ca-file ca.crt --token-file token \\
    --service-account default/bot --audience https://vault.example.com --duration 10m`;
  const byUs = await sh(get);
  assert.equal(await sh(get), byUs, 'a kept token is used again');
  const credential = JSON.parse(await sh(`${get} --exec-credential`)) as {
    readonly kind: string;
    readonly status: { readonly token: string };
  };
  assert.deepEqual([credential.kind, credential.status.token], ['ExecCredential', byUs]);
  for (const token of [byCurl, byKubectl, byUs]) {
    const review = (audience: string): Promise<string> =>
      sh(`printf '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"%s","audiences":["%s"]}}' ${token} ${audience} \\
        | "$KUBECTL" create -o json -f - | jq -r '.status.authenticated, .status.user.username'`);
    assert.equal(
      await review('https://vault.example.com'),
      'true\nsystem:serviceaccount:default:bot',
    );
    assert.match(await review('https://other.example.com'), /^(?:false|null)\n/);
  }
});

test('a process without any credential exposes it, within its policy', {
  skip: kubectlSkip,
}, async (t) => {
  const { up, folder, sh } = await bench(t);
  await sh(`
    openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=p -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    printf 'accounts: ["default/bot"]\\naudiences: ["https://vault.example.com"]\\naudienceRequired: true\\nexpirationMax: 10m\\nbearerLifetimeMin: 24h\\n' > policy.yaml`);
  const args = ['token-request', 'serve', '--port', '0', '--api-server', up.ready.apiServer];
  const files = [
    '--api-server-ca-file',
    'ca.crt',
    '--tls-cert-file',
    'tls.crt',
    '--tls-key-file',
    'tls.key',
  ];
  const process = startProcess(t, launcher, [...args, ...files, '--policy-file', 'policy.yaml'], {
    env: up.env,
    cwd: folder,
  });
  const [, base = ''] = await waitUntil(
    'it serves',
    () => / at (\S+)\n/.exec(process.stdout) ?? undefined,
  );
  const ask = (more: string): string =>
    `"$DRAWBRIDGE" token-request get --no-cache --server ${base} --ca-file tls.crt ${more} 2>&1 || true`;
  const vault = '--audience https://vault.example.com --duration 10m';
  const token = await sh(ask(`--token-file token --service-account default/bot ${vault}`));
  assert.match(token, /^eyJ/);
  const refusals: readonly [string, RegExp][] = [
    [
      '--token-file token --service-account default/default --audience https://vault.example.com --duration 10m',
      /not given out here/,
    ],
    [
      '--token-file token --service-account default/bot --audience https://other.example.com --duration 10m',
      /is not allowed/,
    ],
    ['--token-file token --service-account default/bot --duration 10m', /must name an audience/],
    [
      '--token-file token --service-account default/bot --audience https://vault.example.com --duration 1h',
      /at most 600/,
    ],
  ];
  for (const [more, words] of refusals) assert.match(await sh(ask(more)), words, more);
  const renewal = await sh(
    `MINTED=${token} ; export MINTED; ${ask(`--token-env MINTED --service-account default/bot ${vault}`)}`,
  );
  assert.match(renewal, /short-lived token cannot be used/);
  const environment = await sh(
    `tr '\\0' '\\n' < /proc/${process.pid}/environ | grep -c KUBECONFIG || true`,
  );
  assert.equal(environment, '0');
  assert.doesNotMatch(process.stdout + process.stderr, /eyJ/);
});
