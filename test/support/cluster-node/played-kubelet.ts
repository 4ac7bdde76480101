/**
 * What scheduler and kubelet do: every pod that Kubernetes made runs as a process of its own network,
 * with the arguments and variables of its container and the token of its ServiceAccount, and is
 * started again when it ends. Only images that are named here can be run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Pod, pod } from '#controllers/cluster/kinds.ts';
import type { ObjectKey } from '#kube/index.ts';
import { type Informer, isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { type Finished, type RunningProcess, runProcess, startProcess } from '../process-runner.ts';
import type { NodeNetwork, PodNetwork } from './node-network.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number | string };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
}

export interface PlayedKubeletDeps {
  readonly client: KubeClient;
  readonly network: NodeNetwork;
  readonly pods: Informer<Pod>;
  readonly hosts: (namespace: string) => string;
  readonly apiServer: { readonly origin: string; readonly ca: string };
  /** The command of a container. @param root directory for files of its own */
  readonly command: (image: string, args: readonly string[], root: string) => readonly string[];
}

export const nodeName = 'node-1';
/** How often pods are looked at, as a kubelet's probes do; milliseconds. */
const lookMs = 100;

export class PlayedPod {
  readonly key: ObjectKey;
  readonly network: PodNetwork;
  readonly root: string;
  restarts = 0;
  process: RunningProcess;
  readonly #start: () => RunningProcess;

  constructor(key: ObjectKey, network: PodNetwork, root: string, start: () => RunningProcess) {
    this.key = key;
    this.network = network;
    this.root = root;
    this.#start = start;
    this.process = start();
  }

  /** Runs a command in the pod: its network, and names as it resolves them. */
  async exec(command: string, ...args: readonly string[]): Promise<Finished> {
    const [program, ...network] = this.network.prefix;
    const ofPod = `--mount=/proc/${this.process.pid}/ns/mnt`;
    return runProcess(program, [...network, ofPod, command, ...args]);
  }

  /** Starts the process again if it ended. */
  keep(): void {
    if (this.process.exit === undefined) return;
    this.restarts++;
    this.process = this.#start();
  }
}

export class PlayedKubelet {
  readonly #t: TestContext;
  readonly #deps: PlayedKubeletDeps;
  readonly #running = new Map<string, PlayedPod>();
  readonly #home = mkdtempSync(join(tmpdir(), 'drawbridge-node-'));
  #task: Promise<void> | undefined;
  #stopped = false;
  /** The last thing that went wrong; shown by whoever waits in vain. */
  fault: unknown;

  constructor(t: TestContext, deps: PlayedKubeletDeps) {
    this.#t = t;
    this.#deps = deps;
  }

  start(): void {
    this.#task = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#task;
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** Pods that run, by what their names begin with. */
  running(namespace: string, prefix: string): readonly PlayedPod[] {
    return [...this.#running.values()].filter(
      ({ key }) => key.namespace === namespace && key.name.startsWith(prefix),
    );
  }

  describe(): string {
    const all = [...this.#running.values()].map(({ key, network, process }) =>
      [`== ${key.namespace}/${key.name} ${network.ip}`, process.describe()].join('\n'),
    );
    return [`kubelet: ${String(this.fault)}`, ...all].join('\n');
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      const seen = new Set<string>();
      for (const each of this.#deps.pods.list()) {
        seen.add(each.metadata.uid ?? '');
        try {
          await this.#settle(each);
        } catch (thrown) {
          this.fault = thrown;
        }
      }
      for (const [uid, played] of this.#running) if (!seen.has(uid)) await this.#end(uid, played);
      await new Promise((resolve) => {
        setTimeout(resolve, lookMs);
      });
    }
  }

  async #settle(of: Pod): Promise<void> {
    const { name, namespace = '', uid = '', deletionTimestamp } = of.metadata;
    const played = this.#running.get(uid);
    if (deletionTimestamp !== undefined) {
      if (played !== undefined) await this.#end(uid, played);
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
      await this.#deps.client.raw({ method: 'DELETE', path, body }).catch(ignoreGone);
      return;
    }
    const now = played ?? (await this.#begin(of));
    writeFileSync(join(now.root, 'hosts'), this.#deps.hosts(namespace));
    now.keep();
    await this.#tell(of, now, await isReady(containerOf(of), now));
  }

  async #begin(of: Pod): Promise<PlayedPod> {
    const { name, namespace = '', uid = '' } = of.metadata;
    const key = { namespace, name };
    await this.#bind(of);
    const network = await this.#deps.network.addPod();
    const root = join(this.#home, uid);
    const account = join(root, 'account');
    mkdirSync(account, { recursive: true });
    writeFileSync(join(root, 'hosts'), this.#deps.hosts(namespace));
    writeFileSync(join(account, 'ca.crt'), this.#deps.apiServer.ca);
    writeFileSync(join(account, 'namespace'), namespace);
    writeFileSync(join(account, 'token'), await this.#tokenFor(of), { mode: 0o600 });
    const container = containerOf(of);
    const command = [
      ...network.prefix,
      'unshare',
      '-m',
      'sh',
      '-c',
      mounts(root),
      'sh',
      ...this.#deps.command(container.image, container.args ?? [], root),
    ];
    const env = this.#variables(container, name, root);
    const [program = '', ...args] = command;
    const played = new PlayedPod(key, network, root, () =>
      startProcess(this.#t, program, args, { env }),
    );
    this.#running.set(uid, played);
    return played;
  }

  #variables({ env = [] }: Container, hostname: string, root: string): NodeJS.ProcessEnv {
    const { hostname: host, port } = new URL(this.#deps.apiServer.origin);
    return {
      PATH: process.env['PATH'],
      HOME: root,
      HOSTNAME: hostname,
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: port,
      ...Object.fromEntries(env.map(({ name, value = '' }) => [name, value])),
    };
  }

  async #bind({ metadata, spec }: Pod): Promise<void> {
    if (spec?.nodeName !== undefined) return;
    const { name, namespace = '' } = metadata;
    await this.#deps.client.raw({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      },
    });
  }

  async #tokenFor({ metadata, spec }: Pod): Promise<string> {
    const { serviceAccountName = 'default' } = (spec ?? {}) as { serviceAccountName?: string };
    const path = `/api/v1/namespaces/${metadata.namespace ?? ''}/serviceaccounts/${serviceAccountName}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await this.#deps.client.raw<{ status: { token: string } }>({
      method: 'POST',
      path,
      body,
    });
    return answer.status.token;
  }

  async #tell(of: Pod, played: PlayedPod, ready: boolean): Promise<void> {
    const known = of.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const state = ready ? 'True' : 'False';
    if (known === state && of.status?.podIP === played.network.ip) return;
    const unready = { message: 'containers with unready status: [router]' };
    const condition = { type: 'Ready', status: state, ...(ready ? {} : unready) };
    const { ip } = played.network;
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [condition] };
    await this.#deps.client.patch(pod, played.key, { status }, { subresource: 'status' });
  }

  async #end(uid: string, played: PlayedPod): Promise<void> {
    this.#running.delete(uid);
    await played.process.stop();
    await played.network.remove();
    rmSync(played.root, { recursive: true, force: true });
  }
}

/** Puts the pod's own files where a container has them, then becomes the program. */
function mounts(root: string): string {
  return [
    `mount --bind '${root}/hosts' /etc/hosts`,
    `mount --bind '${root}/account' /run/secrets/kubernetes.io/serviceaccount`,
    'exec "$@"',
  ].join(' && ');
}

function containerOf({ spec }: Pod): Container {
  const { containers = [] } = (spec ?? {}) as { containers?: Container[] };
  const [first] = containers;
  if (first === undefined) throw new TypeError('a pod without a container');
  return first;
}

async function isReady(container: Container, { network, process }: PlayedPod): Promise<boolean> {
  if (process.exit !== undefined) return false;
  const probe = container.readinessProbe?.httpGet;
  if (probe === undefined) return true;
  const port =
    typeof probe.port === 'number'
      ? probe.port
      : container.ports?.find(({ name }) => name === probe.port)?.containerPort;
  try {
    const url = `http://${network.ip}:${port}${probe.path}`;
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

function ignoreGone(thrown: unknown): void {
  if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
}
