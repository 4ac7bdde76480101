/**
 * What kube-proxy, the cluster's DNS and its load balancer do: Services lead to the endpoints that
 * Kubernetes' own controller wrote, names become addresses, Services of type LoadBalancer get one.
 */
import { clusterKind } from '#controllers/index.ts';
import { type KubeObject, type Service, service } from '#kube/index.ts';
import type { Informer, KubeClient } from '#kubeclient/index.ts';
import type { NodeNetwork } from './node-network.ts';

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
}

/** As much of it as is looked at; the server writes null for what has no entries. */
export type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
};

export const endpointSlice = clusterKind<EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'EndpointSlice',
  'endpointslices',
);

export interface ServiceProxyDeps {
  readonly client: KubeClient;
  readonly network: NodeNetwork;
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
}

export class ServiceProxy {
  readonly #deps: ServiceProxyDeps;
  readonly #balanced = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();
  #queued = false;
  #rules = '';
  /** The first thing that went wrong; shown by whoever waits in vain. */
  fault: unknown;

  constructor(deps: ServiceProxyDeps) {
    this.#deps = deps;
    deps.services.onChange(() => this.#look());
    deps.slices.onChange(() => this.#look());
  }

  /** Lines of `/etc/hosts` as a pod of a namespace resolves names. */
  hosts(namespace: string): string {
    const lines = ['127.0.0.1 localhost'];
    for (const { metadata, spec } of this.#deps.services.list()) {
      const { name, namespace: own = '' } = metadata;
      const names = [`${name}.${own}`, `${name}.${own}.svc.cluster.local`];
      if (own === namespace) names.unshift(name);
      if (isAddress(spec?.clusterIP)) lines.push(`${spec?.clusterIP ?? ''} ${names.join(' ')}`);
    }
    return `${lines.join('\n')}\n`;
  }

  async settled(): Promise<void> {
    await this.#turn;
  }

  #look(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#turn = this.#turn.then(async () => {
      this.#queued = false;
      try {
        for (const each of this.#deps.services.list()) await this.#balance(each);
        const rules = this.#rulesNow();
        if (rules === this.#rules) return;
        await this.#deps.network.setRules(rules);
        this.#rules = rules;
      } catch (thrown) {
        this.fault ??= thrown;
      }
    });
  }

  async #balance(of: Service): Promise<void> {
    if (of.spec?.type !== 'LoadBalancer') return;
    const uid = of.metadata.uid ?? '';
    const known = this.#balanced.get(uid) ?? `10.78.0.${this.#balanced.size + 1}`;
    this.#balanced.set(uid, known);
    const status = { loadBalancer: { ingress: [{ ip: known }] } };
    if (JSON.stringify(of.status).includes(known)) return;
    const key = { namespace: of.metadata.namespace ?? '', name: of.metadata.name };
    await this.#deps.client.patch(service, key, { status }, { subresource: 'status' });
  }

  #rulesNow(): string {
    const lines = this.#deps.services.list().flatMap((each) => this.#rulesOf(each));
    const rules = lines.map((line) => `    ${line}`).join('\n');
    return `table ip cluster
delete table ip cluster
table ip cluster {
  chain from-pods {
    type nat hook prerouting priority -100;
${rules}
  }
  chain from-node {
    type nat hook output priority -100;
${rules}
  }
  chain answers {
    type nat hook postrouting priority 100;
    ct status dnat masquerade
  }
}
`;
  }

  #rulesOf({ metadata, spec, status }: Service): string[] {
    const balanced = status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
    const addresses = [spec?.clusterIP, ...balanced].filter(isAddress);
    const rules: string[] = [];
    for (const { name = '', port } of spec?.ports ?? []) {
      const [first, ...more] = this.#endpoints(metadata.namespace ?? '', metadata.name, name);
      if (first === undefined) continue;
      const all = [first, ...more];
      const shares = all.map((each, index) => `${index} : ${each.replace(':', ' . ')}`);
      const to =
        more.length === 0
          ? `dnat to ${first}`
          : `dnat ip to numgen inc mod ${all.length} map { ${shares.join(', ')} }`;
      for (const address of addresses) rules.push(`ip daddr ${address} tcp dport ${port} ${to}`);
    }
    return rules;
  }

  #endpoints(namespace: string, name: string, port: string): string[] {
    return this.#deps.slices
      .list(namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
      .flatMap(({ endpoints, ports }) => {
        const target = (ports ?? []).find((each) => (each.name ?? '') === port)?.port;
        const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
        return target === undefined
          ? []
          : ready.flatMap(({ addresses }) => addresses.map((ip) => `${ip}:${target}`));
      });
  }
}

function isAddress(text: string | undefined): text is string {
  return text !== undefined && /^[\d.]+$/.test(text);
}
