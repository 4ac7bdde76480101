/**
 * The gateway as `drawbridge gateway install` puts it before a real kube-apiserver: the command line
 * of its pod run here, with the files of this machine, as its ServiceAccount and with its rights alone.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { deployment } from '#controllers/index.ts';
import { configMap } from '#kube/index.ts';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { createAuthority } from '#pki/index.ts';
import { serveWebhookBy, webhookAnswers, webhookByUrl } from './cluster-webhook.ts';
import { freePort } from './controller-process.ts';
import { type KubernetesOptions, type RealKubernetes, startKubernetes } from './kubernetes.ts';
import { accountKubeconfig } from './kubernetes-account.ts';
import { type Finished, type RunningProcess, runProcess, startProcess } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';
import { until } from './until.ts';
import { launcher, temporaryFolder } from './up-process.ts';
import { succeeded } from './up-sites.ts';

/** The namespace of the gateway. */
export const gatewaySystem = 'drawbridge-system';

export interface InstalledGateway {
  readonly kubernetes: RealKubernetes;
  /** As the owner of the cluster. */
  readonly client: KubeClient;
  readonly gateway: RunningProcess;
  /** Where clients come. */
  readonly origin: string;
  /** For files of the test; a home too. */
  readonly folder: string;
  readonly env: { readonly PATH: string; readonly HOME: string };
  /** What `gateway install` said, the second time. */
  readonly said: string;
  /** The command line as the owner of the cluster. */
  readonly cli: (...args: readonly string[]) => Promise<Finished>;
  /** Installs it again, to act as others only for what the ClusterRole allows. */
  readonly narrow: (role: string) => Promise<void>;
  /** The audit log so far. */
  readonly records: () => AuditRecord[];
}

export interface AuditRecord {
  readonly kind: string;
  readonly grant?: string;
  readonly reason?: string;
  readonly recording?: { readonly name: string; readonly sha256: string; readonly bytes: number };
}

interface PodOfDeployment {
  readonly template: {
    readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] };
  };
}

/** @param wish.flags further ones of `gateway serve`, with the folder of the test */
export async function installedGateway(
  t: TestContext,
  wish: {
    readonly kubernetes?: KubernetesOptions;
    readonly flags?: (folder: string) => readonly string[];
  } = {},
): Promise<InstalledGateway> {
  const kubernetes = await startKubernetes(wish.kubernetes);
  t.after(() => kubernetes.stop());
  const { files, origin: server } = kubernetes;
  const client = new KubeClient(
    directConnection({ server, ca: files.ca, cert: files.adminCert, key: files.adminKey }),
  );
  t.after(() => client.close());
  const folder = await temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const cli = (...args: readonly string[]) =>
    runProcess(launcher, [...args, '--kubeconfig', kubernetes.kubeconfig], { env });
  const port = await freePort();
  const admissionPort = await freePort();
  const install = async (...flags: readonly string[]): Promise<string> => {
    const told = succeeded(
      await cli(
        'gateway',
        'install',
        '--image=registry.example/drawbridge:1',
        `--public-url=https://localhost:${port}`,
        '--tls-secret=gateway-tls',
        '--admission-secret=gateway-admission',
        '--own-ca',
        '--links-role=edit',
        ...flags,
      ),
    );
    await webhookByUrl(client, admissionPort);
    return told;
  };
  await install();
  const said = await install();
  const by = await createAuthority({ commonName: 'admission', nowMs: Date.now() });
  await serveWebhookBy(client, by, { namespace: gatewaySystem, name: 'gateway-admission' });

  // The command line of the pod, with the files of this machine for those of its Secret.
  const own = await client.get(deployment, {
    namespace: gatewaySystem,
    name: 'drawbridge-gateway',
  });
  const { args } = (own.spec as unknown as PodOfDeployment).template.spec.containers[0];
  const secret = { 'tls.crt': files.serverCert, 'tls.key': files.serverKey, 'ca.crt': files.ca };
  for (const [name, text] of Object.entries(secret)) writeFileSync(join(folder, name), text);
  const here: readonly (readonly [RegExp, string])[] = [
    [/^--listen=.*/, '--listen=127.0.0.1'],
    [/^--port=.*/, `--port=${port}`],
    [/^--metrics-port=.*/, '--metrics-port=0'],
    [/^--admission-port=.*/, `--admission-port=${admissionPort}`],
    [/=\/etc\/drawbridge\/tls\//, `=${folder}/`],
  ];
  const kubeconfig = await accountKubeconfig(client, {
    server,
    ca: files.ca,
    namespace: gatewaySystem,
    name: 'drawbridge-gateway',
    folder,
  });
  const gateway = startProcess(
    t,
    launcher,
    [
      ...args.map((arg) => here.reduce((text, [from, to]) => text.replace(from, to), arg)),
      ...(wish.flags?.(folder) ?? []),
      `--kubeconfig=${kubeconfig}`,
    ],
    { env },
  );
  await waitUntil('the gateway to serve', () => gateway.stderr.includes('gateway serves'), {
    deadlineMs: 60_000,
    describe: () => gateway.describe(),
  });
  await until(
    async () => client.find(configMap, { namespace: gatewaySystem, name: 'drawbridge-gateway' }),
    'the announcement',
  );
  await webhookAnswers(client);
  const records = (): AuditRecord[] =>
    gateway.stdout
      .slice(0, gateway.stdout.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditRecord);
  const origin = `https://localhost:${port}`;
  const narrow = async (role: string): Promise<void> => {
    await install(`--impersonate-for=${role}`);
    await webhookAnswers(client);
  };
  return { kubernetes, client, gateway, origin, folder, env, said, cli, records, narrow };
}
