/**
 * The rules of seed 003 (TLS certificates for sites), with kubectl and openssl: which Secrets there
 * are, that those of the user are used as they are, and that unfit ones are refused with the reason.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitUntil } from '../support/process-wait.ts';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess } from '../support/process-runner.ts';
import { hasOpenssl } from '../support/openssl.ts';
import { startUp, type Up } from '../support/up-process.ts';
import { linkReady, succeeded } from '../support/up-sites.ts';

const skip = kubectlSkip || (hasOpenssl ? false : 'there is no openssl');

/** Runs bash as a user would, with kubectl for this `up`. */
async function bash(up: Up, script: string): Promise<string> {
  const env = { ...up.env, KUBECONFIG: up.ready.kubeconfig, K: kubectlPath ?? 'kubectl' };
  const head = 'set -euo pipefail; k() { "$K" "$@"; }';
  return succeeded(await runProcess('bash', ['-c', `${head}\n${script}`], { env, cwd: up.home }));
}

/** An authority of the user, and pairs that it signed, in an intermediate's chain where asked. */
const authority = `
ca() { openssl req -x509 -newkey rsa:2048 -nodes -keyout $1.key -out $1.crt -days 30 -subj "/CN=$1" 2>/dev/null; }
# leaf CA NAME SAN USAGE DAYS: an RSA pair in PKCS#1 as older tools make it
leaf() {
  openssl genrsa -traditional -out $2.key 2048 2>/dev/null
  openssl req -new -key $2.key -out $2.csr -subj "/CN=$2"
  printf 'subjectAltName=%s\\nextendedKeyUsage=%s' "$3" "$4" > $2.ext
  openssl x509 -req -in $2.csr -CA $1.crt -CAkey $1.key -days $5 -extfile $2.ext -out $2.crt 2>/dev/null
}
# secret NAMESPACE NAME PAIR CA
secret() {
  k create secret generic $2 -n $1 --type=kubernetes.io/tls \\
    --from-file=tls.crt=$3.crt --from-file=tls.key=$3.key --from-file=ca.crt=$4.crt "\${@:5}"
}
site() {
  k apply -n $1 -f - <<EOF
apiVersion: skupper.io/v2alpha1
kind: Site
metadata: {name: $1}
spec: {$2}
EOF
}
`;

const secretNames = [
  'skupper-local-ca',
  'skupper-local-client',
  'skupper-local-server',
  'skupper-service-ca',
  'skupper-service-client',
  'skupper-site-ca',
  'skupper-site-server',
];

/** Waits until a condition of an object is False and its message fits. */
async function isRefused(
  up: Up,
  object: string,
  condition: string,
  message: RegExp,
): Promise<void> {
  const path = `{range .status.conditions[?(@.type=="${condition}")]}{.status} {.message}{end}`;
  await waitUntil(`${object} refused with ${message}`, async () => {
    const said = await bash(up, `k get ${object} -o jsonpath='${path}'`);
    assert.match(said, /^False /);
    assert.match(said, message);
    return true;
  });
}

const providedNames = 'skupper-site-server skupper-local-server skupper-local-client';
const dataOf = `for n in ${providedNames}; do
  k get secret $n -n own -o go-template='{{.metadata.uid}} {{.data}}{{"\\n"}}'; done`;

test('the Secrets of a site, those of the user, and those that do not fit', { skip }, async (t) => {
  const up = await startUp(t, {});

  await t.test('what is not there is made, and each fits its authority', async () => {
    await bash(up, `${authority} k create namespace west; site west 'linkAccess: default'`);
    await bash(up, 'k wait --for=condition=Ready site/west -n west --timeout=60s');
    for (const name of secretNames) {
      const type = await bash(up, `k get secret ${name} -n west -o jsonpath='{.type}'`);
      assert.equal(type, 'kubernetes.io/tls', name);
    }
    for (const [leaf, ca] of [
      ['skupper-site-server', 'skupper-site-ca'],
      ['skupper-local-server', 'skupper-local-ca'],
      ['skupper-local-client', 'skupper-local-ca'],
      ['skupper-service-client', 'skupper-service-ca'],
    ] as const) {
      const read = (name: string, key: string): string =>
        `k get secret ${name} -n west -o go-template='{{index .data "${key}"}}' | base64 -d`;
      await bash(
        up,
        `${read(leaf, 'tls.crt')} > l; ${read(leaf, 'ca.crt')} > t; ${read(ca, 'tls.crt')} > c
         cmp t c; openssl verify -CAfile c l`,
      );
    }
    const shown = await bash(up, 'k get certificates.skupper.io -n west');
    for (const name of secretNames) {
      assert.match(shown, new RegExp(`${name} .* Ready +\\d{4}-\\d\\d-\\d\\dT\\S+ +OK`));
    }
  });

  await t.test('those that are there before the site are used as they are', async () => {
    await bash(
      up,
      `${authority}
       k create namespace own
       ca mine
       leaf mine server 'IP:127.0.0.1,DNS:skupper-router,DNS:skupper-router.own' serverAuth 20
       leaf mine local 'DNS:skupper-router-local,DNS:skupper-router-local.own,DNS:skupper-router-local.own.svc.cluster.local' serverAuth 20
       leaf mine client 'DNS:client' clientAuth 20
       secret own skupper-site-server server mine
       secret own skupper-local-server local mine
       secret own skupper-local-client client mine
       (${dataOf}) > before
       site own 'linkAccess: default'
       k wait --for=condition=Ready site/own -n own --timeout=60s`,
    );
    // A Secret named like the link and labelled as the page says is all that the other side needs.
    await bash(
      up,
      `${authority}
       k create namespace dialler; site dialler ''
       leaf mine to-own 'DNS:dialler' clientAuth 20
       secret dialler to-own to-own mine
       port() { k get site own -n own -o jsonpath="{.status.endpoints[?(@.name==\\"$1\\")].port}"; }
       k annotate secret to-own -n dialler inter-router-host=127.0.0.1 inter-router-port=$(port inter-router) \\
         skupper.io/generated-by=own
       k label secret to-own -n dialler skupper.io/type=connection-token
       # The certificate that the router shows is the user's.
       openssl s_client -connect 127.0.0.1:$(port inter-router) -CAfile mine.crt -cert to-own.crt \\
         -key to-own.key -verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -subject | grep 'CN *= *server'`,
    );
    await linkReady(up, 'dialler', 60_000);
    await bash(up, `(${dataOf}) > after; cmp before after`);
    // A token would hand out certificates that this router does not know: the grant says so.
    await bash(
      up,
      `k apply -n own -f - <<EOF
apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata: {name: g}
EOF`,
    );
    await isRefused(up, 'accessgrant/g -n own', 'Processed', /CA "skupper-site-ca" is not trusted/);
    // Deleting the site leaves what the user brought.
    await bash(up, 'k delete site own -n own --wait');
    await waitUntil('our own Secrets gone', async () => {
      const left = await bash(up, 'k get secrets -n own -o name');
      assert.doesNotMatch(left, /skupper-site-ca/);
      return true;
    });
    await bash(up, `(${dataOf}) > after; cmp before after`);
  });

  await t.test('an authority of the user signs what is absent, tokens included', async () => {
    await bash(
      up,
      `${authority}
       k create namespace signed; k create namespace joiner
       ca theirs; secret signed skupper-site-ca theirs theirs
       site signed 'linkAccess: default'; site joiner ''
       k wait --for=condition=Ready site/signed -n signed --timeout=60s
       k get secret skupper-site-server -n signed -o go-template='{{index .data "tls.crt"}}' | base64 -d > s.crt
       openssl verify -CAfile theirs.crt s.crt`,
    );
    const token = join(up.home, 'signed.yaml');
    succeeded(await up.cli('token', 'issue', token, '-n', 'signed'));
    succeeded(await up.cli('token', 'redeem', token, '-n', 'joiner'));
    await linkReady(up, 'joiner', 60_000);
  });

  await t.test(
    'what does not fit is refused with the reason, and heals when put right',
    async () => {
      await bash(
        up,
        `${authority}
       ca mine
       leaf mine fit 'IP:127.0.0.1,DNS:skupper-router,DNS:skupper-router.noca' serverAuth 20
       leaf mine names 'DNS:elsewhere.example' serverAuth 20
       echo garbage > garbage.crt; echo garbage > garbage.key
       cp fit.crt mixed.crt; cp mine.key mixed.key; : > none.crt
       for each in mixed garbage names; do
         k create namespace $each; secret $each skupper-site-server $each mine
         site $each 'linkAccess: default'
       done
       k create namespace noca; secret noca skupper-site-server fit none
       site noca 'linkAccess: default'`,
      );
      const unfit = 'TLS credentials secret "skupper-site-server": ';
      for (const [namespace, reason] of [
        ['mixed', 'tls.key does not belong to tls.crt'],
        ['garbage', 'tls.crt: bundle holds no certificate'],
        ['noca', 'ca.crt is missing'],
      ] as const) {
        const access = `routeraccess/skupper-router -n ${namespace}`;
        await isRefused(up, access, 'Configured', new RegExp(unfit + reason));
      }
      await isRefused(
        up,
        'certificates.skupper.io/skupper-site-server -n names',
        'Ready',
        /not controlled by skupper: tls.crt does not name 127.0.0.1, skupper-router, skupper-router.names; it names elsewhere.example/,
      );
      await bash(
        up,
        `${authority}
       secret noca skupper-site-server fit mine --dry-run=client -o yaml | k replace -f -`,
      );
      await bash(up, 'k wait --for=condition=Ready site/noca -n noca --timeout=60s');
    },
  );
});
