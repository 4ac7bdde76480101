/**
 * The API server that keeps the grants of a gateway under test, and that it stands before where a
 * test asks for no other: chosen by TARGET.
 *
 *   embedded  the server of this product, as its owner (default)
 *   real      kube-apiserver from KUBEBUILDER_ASSETS; the gateway is the ServiceAccount that
 *             `drawbridge gateway install` makes, with the rights that this gives it and no others
 */
import { after, test as nodeTest, type TestContext } from 'node:test';
import {
  gatewayName,
  gatewayObjects,
  type GatewayWish,
} from '#cli/deeds/installation/gateway-objects.ts';
import { crdObjects } from '#cli/deeds/installation/installed-object.ts';
import { directConnection, KubeClient, type KubeConnection } from '#kubeclient/index.ts';
import { apiServerFor, type AskedApi, askAsOwner } from './api-server.ts';
import { kubernetesSkip, startKubernetes } from './kubernetes.ts';
import { accountToken } from './kubernetes-account.ts';
import { until } from './until.ts';

const chosen = process.env['TARGET'] ?? 'embedded';

/** Whether it is a real kube-apiserver. */
export const isRealTarget: boolean = chosen === 'real';

/** Reason why the target cannot be had; false when it can. */
const gatewayTargetSkip: string | false =
  chosen === 'embedded'
    ? false
    : chosen === 'real'
      ? kubernetesSkip
      : `TARGET=${chosen}: choose embedded or real`;

export interface GatewayTarget {
  readonly name: 'embedded' | 'real';
  readonly api: AskedApi;
  /** As the owner. */
  readonly owner: KubeConnection;
  /** As the gateway. */
  readonly account: KubeConnection;
  /** How the gateway acts where a test does not say. */
  readonly identity: 'account' | 'impersonate';
  /** The gateway's own. */
  readonly namespace: string;
}

/** As that of node:test, for what every target must pass: it runs against the chosen one. */
export function test(title: string, work: (t: TestContext) => void | Promise<void>): void {
  nodeTest(title, { skip: gatewayTargetSkip }, work);
}

/** @param bound false: nobody but the owner may do anything yet, where the gateway impersonates */
export async function gatewayTarget(t: TestContext, bound = true): Promise<GatewayTarget> {
  if (isRealTarget) {
    real ??= startReal();
    const target = await real;
    await clear(target, bound);
    return target;
  }
  const api = await apiServerFor(t);
  const owner = ownerOf(api);
  return {
    name: 'embedded',
    api,
    owner,
    account: owner,
    identity: 'account',
    namespace: 'drawbridge-system',
  };
}

function ownerOf({ server, files }: AskedApi): KubeConnection {
  const { ca, adminCert: cert, adminKey: key } = files;
  return directConnection({ server: server.origin, ca, cert, key });
}

/** One for all tests of a file: starting it takes long. */
let real: Promise<GatewayTarget> | undefined;
const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});

const wish: GatewayWish = {
  // Where the tests keep grants and logins.
  namespace: 'default',
  image: 'none',
  pullPolicy: 'Never',
  replicas: 1,
  publicUrl: 'https://localhost',
  tlsSecret: 'none',
  ownCa: true,
  // Tests log in as many.
  impersonates: {},
  serviceType: 'ClusterIP',
  flags: [],
};

/** There already; and what calls a gateway back through a Service, which none here stands behind. */
const left = new Set(['Namespace', 'ValidatingWebhookConfiguration']);

async function startReal(): Promise<GatewayTarget> {
  const kubernetes = await startKubernetes();
  ends.push(() => kubernetes.stop());
  const { origin, files, directory, kubeconfig } = kubernetes;
  const api: AskedApi = {
    server: { origin },
    files,
    directory,
    kubeconfig,
    call: (path, call = {}) => askAsOwner(origin, files, path, call),
  };
  const owner = ownerOf(api);
  const client = new KubeClient(owner);
  ends.unshift(() => client.close());
  for (const { of, object } of crdObjects()) await client.create(of, object);
  for (const path of [grants, verdicts, certificates]) {
    await until(async () => (await api.call(path)).status === 200, `${path} to be served`);
  }
  for (const { of, object } of gatewayObjects(wish)) {
    if (!left.has(object.kind)) await client.create(of, object);
  }
  const token = await accountToken(client, { namespace: wish.namespace, name: gatewayName });
  const account: KubeConnection = {
    server: origin,
    namespace: 'default',
    credentials: async () => ({
      tls: { ca: files.ca },
      headers: { Authorization: `Bearer ${token}` },
    }),
  };
  return { name: 'real', api, owner, account, identity: 'impersonate', namespace: wish.namespace };
}

const grants = '/apis/drawbridge.dev/v1alpha1/gatewaytokens';
const verdicts = '/apis/drawbridge.dev/v1alpha1/gatewayverdicts';
const certificates = '/apis/skupper.io/v2alpha1/certificates';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const bindings = `${rbac}/clusterrolebindings`;
const links = 'test-links';
const perTest = [
  '/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewaytokens',
  '/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewayverdicts',
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/namespaces/default/pods?gracePeriodSeconds=0',
  '/api/v1/namespaces/default/services',
] as const;

/** Takes away what the test before left, and lets links and people do everything, or nothing. */
async function clear({ api }: GatewayTarget, bound: boolean): Promise<void> {
  for (const path of perTest) await api.call(path, { method: 'DELETE' });
  for (const name of ['links', 'bot']) {
    await api.call(`${bindings}/${name}`, { method: 'DELETE' });
    await api.call(`${rbac}/clusterroles/${name}`, { method: 'DELETE' });
  }
  const apiGroup = 'rbac.authorization.k8s.io';
  if (bound) {
    const body = {
      metadata: { name: links },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [
        { apiGroup, kind: 'Group', name: 'gw:links' },
        { apiGroup, kind: 'Group', name: 'oidc:dev' },
      ],
    };
    await api.call(bindings, { body });
  } else await api.call(`${bindings}/${links}`, { method: 'DELETE' });
  const review = {
    spec: {
      user: 'gw:link:default:g',
      groups: ['gw:links'],
      resourceAttributes: { verb: 'list', resource: 'configmaps' },
    },
  };
  // The server learns of bindings a moment later.
  await until(async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await api.call(path, { body: review })).json.status.allowed === bound;
  }, 'what links may do');
}
