/**
 * The real Kubernetes on loopback: etcd, kube-apiserver and the controllers that belong to an API
 * server (namespaces, garbage collection, service accounts), from the folder KUBEBUILDER_ASSETS.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServerFiles, type ServerFiles } from '#apiserver/index.ts';
import { httpsRequest } from '#http/index.ts';
import { type RunningProcess, startProcess } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';
import { systemClock } from './system.ts';

/** Folder of the executables; undefined when none is named. */
export const kubernetesAssets: string | undefined = process.env['KUBEBUILDER_ASSETS'];

/** Reason to skip what needs the real server; false when it can be started. */
export const kubernetesSkip: string | false = missingPart();

function missingPart(): string | false {
  if (kubernetesAssets === undefined || kubernetesAssets === '') {
    return 'KUBEBUILDER_ASSETS names no folder: .ci/kubernetes builds one where Go is installed';
  }
  for (const part of ['etcd', 'kube-apiserver']) {
    if (!existsSync(join(kubernetesAssets, part))) return `KUBEBUILDER_ASSETS has no ${part}`;
  }
  return false;
}

/** Kubernetes without a node: what makes no pods run. */
const controllers = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'clusterrole-aggregation-controller',
  'deployment-controller',
];

export interface KubernetesOptions {
  /** Where the API server listens; loopback when absent. */
  readonly address?: string;
  /** Further controllers of kube-controller-manager. */
  readonly controllers?: readonly string[];
  /** Further arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[];
}

export interface RealKubernetes {
  readonly origin: string;
  /** Has the folder `pki` with the CA. */
  readonly directory: string;
  readonly files: ServerFiles;
  readonly kubeconfig: string;
  /** False when there is no kube-controller-manager: nothing is collected then. */
  readonly controllers: boolean;
  /** Process ids by name, to measure them. */
  readonly pids: Readonly<Record<string, number>>;
  /** Kills the API server alone; etcd stays. @returns starts it again and waits until it serves */
  killApiServer(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Starts it; the caller stops it. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<RealKubernetes> {
  const address = options.address ?? '127.0.0.1';
  const assets = kubernetesAssets ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-kubernetes-'));
  const cleanUps: (() => unknown)[] = [];
  const after = { after: (work: unknown) => void cleanUps.push(work as () => unknown) };
  const stop = async (): Promise<void> => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
    rmSync(directory, { recursive: true, force: true });
  };
  const pids: Record<string, number> = {};
  const run = (name: string, args: readonly string[]): RunningProcess => {
    const started = startProcess(after, join(assets, name), args);
    pids[name] = started.pid;
    return started;
  };
  try {
    const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    const files = await ensureServerFiles(
      { clock: systemClock },
      { directory: join(directory, 'pki'), hosts: [address] },
    );
    const path = writeMaterial(directory, files);
    const origin = `https://${address}:${port}`;
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigText(origin, files), { mode: 0o600 });
    run('etcd', [
      `--data-dir=${join(directory, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${clientPort}`,
      `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--log-level=error',
    ]);
    const serve = (): RunningProcess =>
      run('kube-apiserver', [
        `--etcd-servers=http://127.0.0.1:${clientPort}`,
        `--bind-address=${address}`,
        `--advertise-address=${address}`,
        '--endpoint-reconciler-type=none',
        `--secure-port=${port}`,
        `--tls-cert-file=${path.serverCert}`,
        `--tls-private-key-file=${path.serverKey}`,
        `--client-ca-file=${path.ca}`,
        `--kubelet-client-certificate=${path.adminCert}`,
        `--kubelet-client-key=${path.adminKey}`,
        `--kubelet-certificate-authority=${path.ca}`,
        '--kubelet-preferred-address-types=InternalIP',
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${path.tokenKey}`,
        `--service-account-signing-key-file=${path.tokenKey}`,
        '--service-cluster-ip-range=10.0.0.0/24',
        '--authorization-mode=RBAC',
        ...(options.apiServerArgs ?? []),
      ]);
    let server = serve();
    await ready(origin, files, server);
    const withControllers = existsSync(join(assets, 'kube-controller-manager'));
    if (withControllers) {
      run('kube-controller-manager', [
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        '--secure-port=0',
        `--root-ca-file=${path.ca}`,
        `--service-account-private-key-file=${path.tokenKey}`,
        `--controllers=${[...controllers, ...(options.controllers ?? [])].join(',')}`,
      ]);
    }
    const killApiServer = async (): Promise<() => Promise<void>> => {
      await server.stop('SIGKILL');
      return async () => {
        server = serve();
        await ready(origin, files, server);
      };
    };
    return {
      origin,
      directory,
      files,
      kubeconfig,
      controllers: withControllers,
      pids,
      killApiServer,
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function writeMaterial(
  directory: string,
  files: ServerFiles,
): {
  readonly [name in
    | 'ca'
    | 'serverCert'
    | 'serverKey'
    | 'adminCert'
    | 'adminKey'
    | 'tokenKey']: string;
} {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tokenKey = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  const { ca, serverCert, serverKey, adminCert, adminKey } = files;
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ca: write('ca.pem', ca),
    serverCert: write('server.pem', serverCert),
    serverKey: write('server-key.pem', serverKey),
    adminCert: write('admin.pem', adminCert),
    adminKey: write('admin-key.pem', adminKey),
    tokenKey: write('token-key.pem', tokenKey),
  };
}

function kubeconfigText(server: string, files: ServerFiles): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const name = 'real';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(files.ca) } }],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(files.adminCert),
          'client-key-data': base64(files.adminKey),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  });
}

/** Waits until everything answers, also the namespaces that the server itself makes. */
async function ready(origin: string, files: ServerFiles, server: RunningProcess): Promise<void> {
  for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
    await waitUntil(
      `${path} of kube-apiserver`,
      async () => {
        const { ca, adminCert: cert, adminKey: key } = files;
        const url = `${origin}${path}`;
        const answer = await httpsRequest({ method: 'GET', url, ca, cert, key, bodyBytesMax: 1e6 });
        return answer.status === 200;
      },
      { deadlineMs: 180_000, describe: () => server.describe() },
    );
  }
}

/** Ports that were free a moment ago: these servers cannot be given port 0. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
