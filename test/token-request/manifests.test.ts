/** The manifests of deploy/kubernetes-proxy: what kustomize makes of them is what we promise. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { parsePolicy } from '#token-request/index.ts';
import { readTokenTarget } from '#token-request/target.ts';
import { repositoryRoot } from '../../scripts/house/source-tree.ts';
import type { AnyJson } from '../support/api-server.ts';
import { cli } from '../support/up-cli.ts';

const root = join(repositoryRoot, 'deploy', 'kubernetes-proxy');
const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const missing =
  spawnSync(kubectl, ['kustomize', '--help']).status === 0
    ? false
    : 'no kubectl with kustomize; install it or set KUBECTL';

function built(overlay: string): AnyJson[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ['kustomize', join(root, overlay)], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const kinds: Readonly<Record<string, string>> = {
  'overlays/deploy': 'Ingress',
  'overlays/deploy-serving': 'Ingress',
  'overlays/gateway-api': 'HTTPRoute',
  'overlays/openshift': 'Route',
  'overlays/istio': 'VirtualService',
};

for (const [overlay, kind] of Object.entries(kinds)) {
  test(`gateway acceptance 60: the pod of ${overlay} has no token and no right`, {
    skip: missing,
  }, () => {
    const objects = built(overlay);
    const of = (name: string): AnyJson => objects.find((object) => object.kind === name);
    assert.ok(of(kind), `no ${kind}`);
    const pod = of('Deployment').spec.template.spec;
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(of('ServiceAccount').automountServiceAccountToken, false);
    assert.equal(
      objects.some((object) => /Role/.test(object.kind)),
      false,
    );
    assert.deepEqual(
      pod.volumes
        .filter((volume: AnyJson) => volume.secret)
        .map((volume: AnyJson) => volume.secret.secretName),
      ['kubernetes-proxy-tls'],
    );
    const [container] = pod.containers;
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);
  });
}

test('every way in leads what is below the prefix of the process there, and nothing else', {
  skip: missing,
}, () => {
  const ways: Readonly<Record<string, (way: AnyJson) => unknown>> = {
    Ingress: ({ spec }) => spec.rules[0].http.paths.map(({ path }: AnyJson) => path),
    HTTPRoute: ({ spec }) => spec.rules[0].matches.map(({ path }: AnyJson) => path.value),
    Route: ({ spec }) => [spec.path],
    VirtualService: ({ spec }) => spec.http[0].match.map(({ uri }: AnyJson) => uri.prefix),
  };
  const path = '/api/v1/namespaces/bots/serviceaccounts/deployer/token';
  for (const [overlay, kind] of Object.entries(kinds)) {
    const objects = built(overlay);
    const { args } = objects.find((each) => each.kind === 'Deployment').spec.template.spec
      .containers[0];
    const prefix = /--prefix=(\S+)/.exec(args.join(' '))?.[1] ?? '/kubernetes';
    assert.deepEqual(
      ways[kind]?.(objects.find((each) => each.kind === kind)),
      [`${prefix}/`],
      overlay,
    );
    assert.equal(readTokenTarget(prefix + path, prefix).upstream, path);
  }
});

test('the arguments of the pod are flags that the command knows', async () => {
  const deployment: AnyJson = parse(readFileSync(join(root, 'base', 'deployment.yaml'), 'utf8'));
  const { args } = deployment.spec.template.spec.containers[0];
  // A port that is none ends it after all flags were read.
  const { code, stderr } = await cli([...args, '--port=99999']);
  assert.equal(code, 2);
  assert.match(stderr, /^drawbridge: --port is not valid/);
  assert.doesNotMatch(stderr, /unknown option|is needed/);
});

test('the commented fields of the policy are fields of a policy', () => {
  const text = readFileSync(join(root, 'base', 'policy.yaml'), 'utf8');
  assert.deepEqual(parsePolicy(parse(text)), {});
  const [, ...lines] = text.split('\n');
  const policy = parsePolicy(parse(lines.map((line) => line.replace(/^# /, '')).join('\n')));
  assert.equal(Object.keys(policy).length, 7);
});

test('the host of the seed is replaced where the seed says', { skip: missing }, () => {
  const patch = readFileSync(join(root, 'overlays/deploy/patches/ingress_host.json'), 'utf8');
  assert.deepEqual(JSON.parse(patch), [
    { op: 'replace', path: '/spec/rules/0/host', value: 'kubernetes.example.com' },
  ]);
  const ingresses = built('overlays/deploy-serving').filter(({ kind }) => kind === 'Ingress');
  assert.deepEqual(
    ingresses.map(({ spec }) => spec.rules[0].host),
    ['kubernetes.example.com', 'serving.example.com'],
  );
});
