import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { isRecord } from '#kube/index.ts';
import { apiServerFor } from '../support/api-server.ts';
import { runProcess } from '../support/process-runner.ts';

const launcher = fileURLToPath(new URL('../../bin/drawbridge.ts', import.meta.url));
const run = (line: string) => runProcess(process.execPath, [launcher, ...line.split(' ')]);

test('install prints what it would apply, with the settings that were given', async () => {
  const image = 'registry.example/drawbridge:1';
  const settings =
    '--set cluster-host=n.example --set require-explicit-control=true --set disable-metrics=false';
  const { code, stdout } = await run(`install --print --image ${image} ${settings}`);
  assert.equal(code, 0);
  const documents = parseAllDocuments(stdout).map((each) => each.toJS() as unknown);
  const kinds = documents.map((each) => (isRecord(each) ? each['kind'] : undefined));
  assert.deepEqual(
    kinds.filter((kind) => kind !== 'CustomResourceDefinition'),
    [
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Deployment',
    ],
  );
  assert.match(stdout, /- --cluster-host=n\.example\n/);
  assert.match(stdout, /- --require-explicit-control\n/);
  assert.match(stdout, /- --grant-server-autoconfigure\n/);
  assert.doesNotMatch(stdout, /disable-metrics/);
});

for (const line of ['install', 'gateway install --public-url https://a.example']) {
  test(`pods of ${line.split(' -')[0]} are ready soon after their start`, async () => {
    const { stdout } = await run(`${line} --print --image i`);
    const probe =
      /readinessProbe:\n( +)httpGet:\n(?:\1 .*\n)+((?:\1\S.*\n)+)/.exec(stdout)?.[2] ?? '';
    assert.match(probe, /periodSeconds: 2\n/);
  });
}

test('for one namespace there are no rights elsewhere', async () => {
  const { stdout } = await run('install --print --image i -n team-a --only-namespace');
  assert.doesNotMatch(stdout, /kind: ClusterRole/);
  assert.match(stdout, /- --watch-namespace=team-a\n/);
  assert.match(stdout, /controller: team-a\/drawbridge-controller\n/);
  assert.doesNotMatch(stdout, /^\s*- "?\*"?$/m, 'no rule names everything');
});

test('wrong flags of install are all named at once', async () => {
  const { code, stderr } = await run(
    'install --pull-policy sometimes --replicas 0 --set colour=blue --set enable-grants=maybe -o json',
  );
  assert.equal(code, 2);
  for (const expected of [
    /--image is needed/,
    /--pull-policy is not valid/,
    /--replicas/,
    /"colour=blue" is not NAME=VALUE of 'drawbridge controller'/,
    /enable-grants is true or false/,
    /--output has no meaning for 'install'/,
    /see 'drawbridge install --help'/,
  ]) {
    assert.match(stderr, expected);
  }
});

test('gateway install prints rights, certificates, Service and Deployment', async () => {
  const { code, stdout } = await run(
    'gateway install --print --image i --public-url https://gw.example:9443 -n gw --links-role view --set trusted-proxy=10.0.0.0/8 --set nodes-proxy=true',
  );
  assert.equal(code, 0);
  const documents = parseAllDocuments(stdout).map((each) => each.toJS() as unknown);
  const kinds = documents.map((each) => (isRecord(each) ? each['kind'] : undefined));
  assert.deepEqual(
    kinds.filter((kind) => kind !== 'CustomResourceDefinition'),
    [
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'ClusterRoleBinding',
      'Certificate',
      'Certificate',
      'Certificate',
      'Service',
      'Service',
      'PodDisruptionBudget',
      'Deployment',
      'ValidatingWebhookConfiguration',
    ],
  );
  for (const line of [
    '--public-url=https://gw.example:9443',
    '--public-ca-file=/etc/drawbridge/tls/ca.crt',
    '--gateway-namespace=gw',
    '--identity=impersonate',
    '--admission-port=9443',
    '--admission-secret=drawbridge-gateway-admission',
    '--trusted-proxy=10.0.0.0/8',
    '--nodes-proxy',
  ]) {
    assert.ok(stdout.includes(`- ${line}\n`), line);
  }
  assert.match(stdout, /- gw\.example\n/);
  assert.doesNotMatch(stdout, /^\s*- "?\*"?$/m, 'no rule names everything');
});

test('the gateway as its own account may impersonate nobody', async () => {
  const { stdout } = await run(
    'gateway install --print --image i --public-url https://gw.example --identity account --tls-secret mine --admission-secret too',
  );
  assert.doesNotMatch(stdout, /- impersonate\n|\nkind: Certificate\n|public-ca-file/);
  assert.match(stdout, /secretName: mine\n/);
  assert.match(stdout, /- --admission-secret=too\n/);
});

test('wrong flags of gateway install are all named at once', async () => {
  const { code, stderr } = await run(
    'gateway install --public-url http://gw.example/x --identity root --service-type Any --own-ca --login-secret l --tls-secret A_B --set audit-file=x --set nodes-proxy=maybe --set record=all',
  );
  assert.equal(code, 2);
  for (const expected of [
    /--image is needed/,
    /--public-url is not valid: "http:\/\/gw\.example\/x" is not an https URL/,
    /--identity is not valid/,
    /--service-type is not valid/,
    /--tls-secret is not valid/,
    /--login-secret and --set oidc-issuer=URL belong together/,
    /"audit-file=x" is not NAME=VALUE of 'drawbridge gateway serve'/,
    /nodes-proxy is true or false/,
    /--set record… has a meaning only together with --recordings-claim/,
    /see 'drawbridge gateway install --help'/,
  ]) {
    assert.match(stderr, expected);
  }
});

test('the API of drawbridge up is no place to install into', async (t) => {
  const { kubeconfig } = await apiServerFor(t);
  const { code, stdout, stderr } = await run(`install --image i --kubeconfig ${kubeconfig}`);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /is a drawbridge up: it has its controllers\n.*--context of a cluster/);
});

test('uninstall also gives back a namespace that was taken alone', async (t) => {
  const api = await apiServerFor(t);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
  const labels = { 'app.kubernetes.io/managed-by': 'drawbridge-install' };
  const path = '/api/v1/namespaces/team-a/configmaps';
  const made = await api.call(path, { body: { metadata: { name: 'skupper', labels } } });
  assert.equal(made.status, 201, made.text);
  const { code, stdout } = await run(`uninstall -n team-a --kubeconfig ${api.kubeconfig}`);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^ConfigMap skupper removed\nNamespace team-a kept \(made by somebody else\)$/m,
  );
  assert.equal((await api.call(`${path}/skupper`)).status, 404);
});

test('the API server asks the gateway by a Service, about grants and nothing else', async () => {
  const { stdout } = await run(
    'gateway install --print --image i --public-url https://g.example -n gw',
  );
  const documents = parseAllDocuments(stdout).map((each) => each.toJS() as unknown);
  const named = (kind: string, name: string): unknown =>
    documents.find(
      (each) =>
        isRecord(each) &&
        each['kind'] === kind &&
        isRecord(each['metadata']) &&
        each['metadata']['name'] === name,
    );
  const rule = { apiGroups: ['drawbridge.dev'], apiVersions: ['v1alpha1'], scope: 'Namespaced' };
  const configuration = named('ValidatingWebhookConfiguration', 'drawbridge-gateway');
  assert.ok(isRecord(configuration));
  assert.deepEqual(configuration['webhooks'], [
    {
      name: 'gatewaytokens.drawbridge.dev',
      rules: [
        { ...rule, operations: ['CREATE'], resources: ['gatewaytokens', 'gatewayverdicts'] },
        { ...rule, operations: ['UPDATE'], resources: ['gatewaytokens/status'] },
      ],
      matchConditions: [
        {
          name: 'not-the-gateway',
          expression: 'request.userInfo.username != "system:serviceaccount:gw:drawbridge-gateway"',
        },
      ],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
      clientConfig: {
        service: { name: 'drawbridge-gateway-admission', namespace: 'gw', port: 443 },
      },
    },
  ]);
  const front = named('Service', 'drawbridge-gateway-admission');
  assert.ok(isRecord(front) && isRecord(front['spec']));
  assert.deepEqual(front['spec'], {
    type: 'ClusterIP',
    selector: { 'app.kubernetes.io/name': 'drawbridge-gateway' },
    ports: [{ name: 'https', port: 443, targetPort: 'admission', protocol: 'TCP' }],
  });
  const certificate = named('Certificate', 'drawbridge-gateway-admission');
  assert.ok(isRecord(certificate) && isRecord(certificate['spec']));
  assert.ok(
    JSON.stringify(certificate['spec']['hosts']).includes('drawbridge-gateway-admission.gw.svc'),
  );
});

test('contradictory flags about creators are refused, naming what contradicts', async () => {
  const serve = 'gateway serve --tls-cert a --tls-key b --public-url https://g.example';
  for (const [flags, expected] of [
    ['--admission-port 70000', /--admission-port is not valid/],
    ['--admission-port 9443 --admission-secret A_B', /--admission-secret is not valid/],
    ['--admission-port 9443 --trust-creators', /--admission-port and --trust-creators contradict/],
    ['--admission-client-ca ca.crt', /--admission-client-ca needs --admission-port/],
  ] as const) {
    const { code, stderr } = await run(`${serve} ${flags}`);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
    assert.match(stderr, /see 'drawbridge gateway serve --help'/);
  }
});

const gatewayInstall = 'gateway install --print --image i --public-url https://gw.example';
const withLogin = '--login-secret l --set oidc-issuer=https://login.example --set oidc-client-id=g';

/** What the ClusterRole of a printed gateway says of impersonation: resource, names, verbs. */
async function impersonationIn(line: string): Promise<unknown[]> {
  const { code, stdout, stderr } = await run(line);
  assert.equal(code, 0, stderr);
  const objects = parseAllDocuments(stdout).map((each) => each.toJS() as { kind: string });
  const role = objects.find(({ kind }) => kind === 'ClusterRole') as unknown as {
    readonly rules: readonly {
      readonly resources: readonly string[];
      readonly resourceNames?: readonly string[];
      readonly verbs: readonly string[];
    }[];
  };
  const told = stdout.match(/--impersonate-(?:user|group)=\S+/g) ?? [];
  const rules = role.rules.filter(({ verbs }) => verbs.some((verb) => verb.startsWith('imperson')));
  return [...rules.map((rule) => [rule.resources[0], rule.resourceNames, rule.verbs[0]]), ...told];
}

test('a gateway records into a claim of its own, and its user may write there', async () => {
  const claim =
    '--recordings-claim gateway-recordings --set record=asked --set recording-keep=720h';
  const { code, stdout, stderr } = await run(`${gatewayInstall} ${claim}`);
  assert.equal(code, 0, stderr);
  const objects = parseAllDocuments(stdout).map((each) => each.toJS() as { kind: string });
  const pod = (
    objects.find(({ kind }) => kind === 'Deployment') as unknown as {
      readonly spec: { readonly template: { readonly spec: RecordingPod } };
    }
  ).spec.template.spec;
  const [container] = pod.containers;
  const mount = container?.volumeMounts.find(({ name }) => name === 'recordings');
  assert.deepEqual(mount, { name: 'recordings', mountPath: '/var/lib/drawbridge/recordings' });
  assert.deepEqual(
    container?.args.filter((each) => each.startsWith('--record')),
    [
      '--recording-dir=/var/lib/drawbridge/recordings/gateway',
      '--record=asked',
      '--recording-keep=720h',
    ],
  );
  const volume = pod.volumes.find(({ name }) => name === 'recordings');
  assert.deepEqual(volume?.persistentVolumeClaim, { claimName: 'gateway-recordings' });
  assert.equal(pod.securityContext.fsGroup, pod.securityContext.runAsUser);
  const plain = await run(gatewayInstall);
  assert.doesNotMatch(plain.stdout, /--recording|fsGroup/);
});

interface RecordingPod {
  readonly securityContext: { readonly fsGroup?: number; readonly runAsUser: number };
  readonly volumes: readonly { readonly name: string; readonly persistentVolumeClaim?: object }[];
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly volumeMounts: readonly { readonly name: string }[];
  }[];
}

test('a gateway to which nobody logs in may act as the links alone, and knows it', async () => {
  const grant = ['userextras/gateway.drawbridge.dev/grant', undefined, 'impersonate'];
  assert.deepEqual(await impersonationIn(gatewayInstall), [
    ['users', ['gw:link'], 'impersonate'],
    ['groups', ['gw:links'], 'impersonate'],
    grant,
    '--impersonate-user=gw:link',
    '--impersonate-group=gw:links',
  ]);
  assert.deepEqual(await impersonationIn(`${gatewayInstall} --impersonate-group gw:links:team-a`), [
    ['users', ['gw:link'], 'impersonate'],
    ['groups', ['gw:links', 'gw:links:team-a'], 'impersonate'],
    grant,
    '--impersonate-user=gw:link',
    '--impersonate-group=gw:links',
    '--impersonate-group=gw:links:team-a',
  ]);
  const named = '--impersonate-user alice --impersonate-group *';
  assert.deepEqual(await impersonationIn(`${gatewayInstall} ${withLogin} ${named}`), [
    ['users', ['gw:link', 'alice'], 'impersonate'],
    ['groups', undefined, 'impersonate'],
    grant,
    '--impersonate-user=gw:link',
    '--impersonate-user=alice',
  ]);
  assert.deepEqual(await impersonationIn(`${gatewayInstall} ${withLogin}`), [
    ['users', undefined, 'impersonate'],
    ['groups', undefined, 'impersonate'],
    grant,
  ]);
});

test('nobody is told to impersonate names of the cluster, or two minds at once', async () => {
  const { code, stderr } = await run(
    `${gatewayInstall} --impersonate-group system:masters --impersonate-user * --impersonate-user a`,
  );
  assert.equal(code, 2);
  assert.match(stderr, /--impersonate-group is not valid: "system:masters" is no name of a person/);
  assert.match(stderr, /--impersonate-user is not valid: \* stands for all others/);
  const account = await run(
    `${gatewayInstall} --identity account --impersonate-for view --impersonate-user a`,
  );
  assert.equal(account.code, 2);
  assert.match(account.stderr, /--impersonate-for belongs to --identity impersonate/);
  assert.match(account.stderr, /--impersonate-user and --impersonate-group belong to --identity/);
});
