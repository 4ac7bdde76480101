/**
 * The Services a namespace's listeners of both kinds need and what is wrong with those that cannot
 * be served. Decided for the whole namespace at once, because listeners compete for hosts and ports:
 * one Service per host, one of its ports per listener, and whoever has a port keeps it.
 */
import { isIP } from 'node:net';
import { checkLabel1035, labelOf } from '#kube/index.ts';
import type { Secret, Service } from '../kinds.ts';
import { labels, messages } from '../names.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';
import type { Front } from './front.ts';
import type { TakenPlace } from './taken-places.ts';

export interface ListenerSurroundings {
  readonly secret: (name: string) => Secret | undefined;
  readonly service: (name: string) => Service | undefined;
  /** Listeners may name an address of this machine. */
  readonly bindsAddresses: boolean;
  /** Who of another Site has its address; nobody when absent. */
  readonly taken?: TakenPlace;
}

/** A Service that should exist, its ports in the order of their numbers. */
export interface WantedService {
  readonly host: string;
  readonly ports: readonly WantedPort[];
}

export interface WantedPort {
  /** `id` of the listener. */
  readonly listener: string;
  readonly name: string;
  readonly port: number;
}

export interface ListenerPlan {
  readonly services: readonly WantedService[];
  /** Problems by `id` of the listener; one that is not here is fine. */
  readonly problems: ReadonlyMap<string, string>;
  /** Ids of listeners that hold their host and port, whatever else is wrong with them. */
  readonly placed: ReadonlySet<string>;
}

export function planListeners(
  fronts: readonly Front[],
  surroundings: ListenerSurroundings,
): ListenerPlan {
  const problems = new Map<string, string>();
  const placed = new Set<string>();
  const holders = new Map<string, Front>();
  const ports = new Map<string, WantedPort[]>();
  for (const front of bySeniority(fronts, surroundings)) {
    const { id, host, port, portName, secret, clientCert } = front;
    const [place, label] = [`${host}:${port}`, `${host}/${portName}`];
    const problem =
      problemOfSpec(front, surroundings.bindsAddresses) ??
      problemOfService(host, surroundings) ??
      surroundings.taken?.(front) ??
      problemOfHolder(holders.get(place) ?? holders.get(label));
    if (problem !== undefined) {
      problems.set(id, problem);
      continue;
    }
    holders.set(place, front).set(label, front);
    placed.add(id);
    if (isIP(host) === 0) {
      const list = ports.get(host) ?? [];
      list.push({ listener: id, name: portName, port });
      ports.set(host, list);
    }
    const fault = checkCredentials(surroundings, secret, {
      authority: clientCert,
      certificate: true,
    });
    if (fault !== undefined) problems.set(id, fault);
  }
  const services = [...ports].map(([host, list]) => ({
    host,
    ports: list.toSorted((a, b) => a.port - b.port),
  }));
  return { services, problems, placed };
}

/** True for a Service that was made for listeners. */
export function isListenerService(service: Service): boolean {
  return labelOf(service, labels.listener) !== undefined;
}

/**
 * Those whose port is already in the Service come first, then the older ones: nobody loses a port
 * to a newcomer, also when both were made in the same second.
 */
function bySeniority(
  fronts: readonly Front[],
  surroundings: ListenerSurroundings,
): readonly Front[] {
  const rank = ({ id, created, host, port: wanted, portName }: Front): string => {
    const holds = surroundings
      .service(host)
      ?.spec?.ports?.some((port) => port.name === portName && port.port === wanted);
    return `${holds === true ? 0 : 1} ${created} ${id}`;
  };
  return fronts
    .map((front) => ({ front, rank: rank(front) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ front }) => front);
}

function problemOfSpec({ host, port, fault }: Front, bindsAddresses: boolean): string | undefined {
  if (fault !== undefined) return fault;
  if (port < 1 || port > 65_535) return messages.invalidPort(port);
  if (isIP(host) !== 0 && bindsAddresses) return undefined;
  if (isIP(host) !== 0) return `Invalid host: ${host}: in a cluster it is the name of a Service`;
  if (checkLabel1035(host).length > 0) return `Invalid host: ${host}`;
  return undefined;
}

function problemOfService(host: string, surroundings: ListenerSurroundings): string | undefined {
  const service = surroundings.service(host);
  if (service === undefined || isListenerService(service)) return undefined;
  return `Service ${host} already exists in namespace`;
}

/** @param holder has the port already, or the name that the port would get */
function problemOfHolder(holder: Front | undefined): string | undefined {
  if (holder === undefined) return undefined;
  const { kind, name, host, port } = holder;
  return `${kind} ${name} with host ${host} and port ${port} already exists in namespace`;
}
