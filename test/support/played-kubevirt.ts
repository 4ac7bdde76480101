/**
 * KubeVirt as far as a screen needs it, before a real kube-apiserver: its kind, the rights that it
 * gives, and its aggregated API, to which that server leads subresources.kubevirt.io.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { WebSocketServer } from 'ws';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { askAsOwner } from './api-server.ts';
import type { RealKubernetes } from './kubernetes.ts';
import { playScreen } from './played-screen.ts';
import { until } from './until.ts';

export interface PlayedKubevirt {
  /** With these the server tells aggregated APIs who asks, as itself. */
  readonly apiServerArgs: readonly string[];
  /** Types of the key and pointer events that reached the screen. */
  readonly screenEvents: number[];
  /** Who opened screens and by which grant, as the API server says. */
  readonly viewers: string[];
  /** Screens that are open. */
  open(): number;
  /** Makes machine `vm` in `default` and waits until the API server leads to it. */
  register(kubernetes: RealKubernetes): Promise<void>;
}

const group = 'subresources.kubevirt.io';
const grantHeader = 'x-remote-extra-gateway.drawbridge.dev%2fgrant';
const service = { name: 'virt-api', namespace: 'kubevirt' };

export async function playKubevirt(t: TestContext, folder: string): Promise<PlayedKubevirt> {
  const nowMs = Date.now();
  const authority = await createAuthority({ commonName: 'aggregation', nowMs });
  const ca = authority.certificate.pem;
  const issue = async (
    commonName: string,
    hosts: readonly string[],
  ): Promise<{ readonly cert: string; readonly key: string }> => {
    const server = hosts.length > 0;
    const made = await issueCertificate(authority, {
      commonName,
      hosts: [...hosts],
      server,
      client: !server,
      nowMs,
    });
    return { cert: made.certificate.pem, key: privateKeyPem(made.keys.privateKey) };
  };
  const proxy = await issue('front-proxy', []);
  const own = await issue('virt-api', [`${service.name}.${service.namespace}.svc`]);
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const caPath = write('aggregation-ca.pem', ca);

  const screenEvents: number[] = [];
  const viewers: string[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer({ ...own, ca, requestCert: true }, (request, response) => {
    const known = request.url?.startsWith(`/apis/${group}/v1`) === true;
    response.statusCode = known ? 200 : 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(known ? resources : { kind: 'Status', code: 404 }));
  });
  server.on('upgrade', (request, socket, head) => {
    const path = `/apis/${group}/v1/namespaces/default/virtualmachineinstances/vm/vnc`;
    if (request.url !== path) {
      socket.destroy();
      return;
    }
    const { 'x-remote-user': user, [grantHeader]: grant } = request.headers;
    viewers.push(`${String(user)} ${String(grant)}`);
    sockets.handleUpgrade(request, socket, head, (session) => playScreen(session, screenEvents));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const session of sockets.clients) session.terminate();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    apiServerArgs: [
      `--proxy-client-cert-file=${write('front-proxy.pem', proxy.cert)}`,
      `--proxy-client-key-file=${write('front-proxy-key.pem', proxy.key)}`,
      `--requestheader-client-ca-file=${caPath}`,
      '--requestheader-allowed-names=front-proxy',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    ],
    screenEvents,
    viewers,
    open: () => sockets.clients.size,
    register: (kubernetes) => register(kubernetes, port, ca),
  };
}

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1`,
  resources: [
    { name: 'virtualmachineinstances/vnc', kind: 'VNC', namespaced: true, verbs: ['get'] },
  ],
};

async function register(
  { origin, files }: RealKubernetes,
  port: number,
  ca: string,
): Promise<void> {
  const make = async (path: string, body: object): Promise<void> => {
    await until(
      async () => (await askAsOwner(origin, files, path, { body })).status === 201,
      `${path} to take it`,
      30_000,
    );
  };
  await make('/api/v1/namespaces', { metadata: { name: service.namespace } });
  // Services have no network here, so the name leads to this machine.
  await make(`/api/v1/namespaces/${service.namespace}/services`, {
    metadata: { name: service.name },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
  await make('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: `v1.${group}` },
    spec: {
      group,
      version: 'v1',
      service: { ...service, port },
      caBundle: Buffer.from(ca).toString('base64'),
      groupPriorityMinimum: 1000,
      versionPriority: 15,
    },
  });
  await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', machineKind);
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  // What KubeVirt lets people do who may edit.
  await make(`${rbac}/clusterroles`, {
    metadata: { name: 'kubevirt.io:edit' },
    rules: [
      { apiGroups: [group], resources: ['virtualmachineinstances/vnc'], verbs: ['get'] },
      {
        apiGroups: ['kubevirt.io'],
        resources: ['virtualmachineinstances'],
        verbs: ['get', 'list', 'watch'],
      },
    ],
  });
  const apiGroup = 'rbac.authorization.k8s.io';
  await make(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'links-to-machines' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'kubevirt.io:edit' },
    subjects: [{ apiGroup, kind: 'Group', name: 'gw:links' }],
  });
  await make('/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'vm' },
  });
  await until(
    async () => (await askAsOwner(origin, files, `/apis/${group}/v1`, {})).status === 200,
    'the API server to lead to KubeVirt',
    30_000,
  );
}

const machineKind = {
  metadata: { name: 'virtualmachineinstances.kubevirt.io' },
  spec: {
    group: 'kubevirt.io',
    scope: 'Namespaced',
    names: {
      kind: 'VirtualMachineInstance',
      plural: 'virtualmachineinstances',
      singular: 'virtualmachineinstance',
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};
