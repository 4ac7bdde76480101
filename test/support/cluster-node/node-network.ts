/**
 * The network of one played node: the test's own network namespace, and one namespace per pod behind
 * a cable, routed. Needs `testInOwnNetwork` with mounts of its own.
 */
import { writeFileSync } from 'node:fs';
import { runProcess } from '../process-runner.ts';
import { succeeded } from '../up-sites.ts';

/** Where pods reach the node, and its API server. */
export const nodeAddress = '10.77.0.1';

export interface PodNetwork {
  readonly ip: string;
  /** Put in front of a command that is to run in the pod. */
  readonly prefix: readonly [string, ...string[]];
  remove(): Promise<void>;
}

export class NodeNetwork {
  #pods = 0;

  static async make(): Promise<NodeNetwork> {
    await root(...words('mount -t tmpfs tmpfs /run'));
    await root(...words('mkdir -p /run/netns /run/secrets/kubernetes.io/serviceaccount'));
    await root(...words(`ip address add ${nodeAddress}/32 dev lo`));
    // Addresses of Services lead nowhere but through the rules.
    await root(...words('ip link add services type veth peer name nowhere'));
    for (const end of ['services', 'nowhere']) await root(...words(`ip link set ${end} up`));
    for (const range of ['10.0.0.0/24', '10.78.0.0/24']) {
      await root(...words(`ip route add ${range} dev services src ${nodeAddress}`));
    }
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    return new NodeNetwork();
  }

  async addPod(): Promise<PodNetwork> {
    const index = ++this.#pods;
    const [name, cable, ip] = [`pod${index}`, `veth${index}`, `10.77.1.${index}`];
    for (const line of [
      `ip netns add ${name}`,
      `ip link add ${cable} type veth peer name eth0 netns ${name}`,
      `ip link set ${cable} up`,
      `ip route add ${ip}/32 dev ${cable} src ${nodeAddress}`,
      `ip -n ${name} link set lo up`,
      `ip -n ${name} address add ${ip}/32 dev eth0`,
      `ip -n ${name} link set eth0 up`,
      `ip -n ${name} route add ${nodeAddress} dev eth0 scope link`,
      `ip -n ${name} route add default via ${nodeAddress} dev eth0`,
    ]) {
      await root(...words(line));
    }
    return {
      ip,
      prefix: ['nsenter', `--net=/run/netns/${name}`],
      remove: async () => {
        await root(...words(`ip netns del ${name}`));
      },
    };
  }

  /** Replaces all rules. @param rules for `nft -f` */
  async setRules(rules: string): Promise<void> {
    succeeded(await runProcess('nft', ['-f', '-'], { input: rules }));
  }
}

function words(line: string): readonly [string, ...string[]] {
  const [command = '', ...args] = line.split(' ');
  return [command, ...args];
}

async function root(command: string, ...args: readonly string[]): Promise<void> {
  succeeded(await runProcess(command, args));
}
