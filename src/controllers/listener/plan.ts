/**
 * The Services a namespace's Listeners need and what is wrong with the Listeners that cannot be
 * served. Decided for the whole namespace at once, because Listeners compete for hosts and ports:
 * one Service per host, one of its ports per Listener, and whoever has a port keeps it.
 */
import { isIP } from 'node:net';
import { checkServiceName, labelOf } from '#kube/index.ts';
import type { Listener, Secret, Service } from '../kinds.ts';
import { labels, messages } from '../names.ts';
import { isUsableCredentials } from '../router-config/credentials.ts';
import { servicePortName } from './service-port.ts';

export interface ListenerSurroundings {
  readonly secret: (name: string) => Secret | undefined;
  readonly service: (name: string) => Service | undefined;
}

/** A Service that should exist, its ports in the order of their numbers. */
export interface WantedService {
  readonly host: string;
  readonly ports: readonly { readonly listener: string; readonly port: number }[];
}

export interface ListenerPlan {
  readonly services: readonly WantedService[];
  /** Problems by name of the Listener; one that is not here is fine. */
  readonly problems: ReadonlyMap<string, string>;
  /** Names of Listeners that hold their host and port, whatever else is wrong with them. */
  readonly placed: ReadonlySet<string>;
}

export function planListeners(
  listeners: readonly Listener[],
  surroundings: ListenerSurroundings,
): ListenerPlan {
  const problems = new Map<string, string>();
  const placed = new Set<string>();
  const holders = new Map<string, string>();
  const ports = new Map<string, { listener: string; port: number }[]>();
  for (const listener of bySeniority(listeners, surroundings)) {
    const { name } = listener.metadata;
    const { host, port, tlsCredentials: secret = '' } = specOf(listener);
    const problem =
      problemOfSpec(listener) ??
      problemOfService(host, surroundings) ??
      problemOfHolder(holders.get(`${host}:${port}`), host, port);
    if (problem !== undefined) {
      problems.set(name, problem);
      continue;
    }
    holders.set(`${host}:${port}`, name);
    placed.add(name);
    if (isIP(host) === 0) {
      const list = ports.get(host) ?? [];
      list.push({ listener: name, port });
      ports.set(host, list);
    }
    if (secret !== '' && !isUsableCredentials(surroundings.secret(secret))) {
      problems.set(name, messages.tlsSecretNotFound(secret));
    }
  }
  const services = [...ports].map(([host, list]) => ({
    host,
    ports: list.toSorted((a, b) => a.port - b.port),
  }));
  return { services, problems, placed };
}

/** The spec; one that is missing is as if it were empty. */
export function specOf(listener: Listener): NonNullable<Listener['spec']> {
  return listener.spec ?? { routingKey: '', host: '', port: 0 };
}

/** True for a Service that was made for Listeners. */
export function isListenerService(service: Service): boolean {
  return labelOf(service, labels.listener) !== undefined;
}

/**
 * Those whose port is already in the Service come first, then the older ones: nobody loses a port
 * to a newcomer, also when both were made in the same second.
 */
function bySeniority(
  listeners: readonly Listener[],
  surroundings: ListenerSurroundings,
): readonly Listener[] {
  const rank = (listener: Listener): string => {
    const { name, creationTimestamp = '' } = listener.metadata;
    const { host, port: wanted } = specOf(listener);
    const service = surroundings.service(host);
    const holds = service?.spec?.ports?.some(
      (port) => port.name === servicePortName(name) && port.port === wanted,
    );
    return `${holds === true ? 0 : 1} ${creationTimestamp} ${name}`;
  };
  return listeners
    .map((listener) => ({ listener, rank: rank(listener) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ listener }) => listener);
}

function problemOfSpec(listener: Listener): string | undefined {
  const { host, port, type = '' } = specOf(listener);
  if (type !== '' && type !== 'tcp') return messages.unsupportedType(type);
  if (port < 1 || port > 65_535) return messages.invalidPort(port);
  if (isIP(host) !== 0) return undefined;
  if (checkServiceName(host).length > 0) return `Invalid host: ${host}`;
  return undefined;
}

function problemOfService(host: string, surroundings: ListenerSurroundings): string | undefined {
  const service = surroundings.service(host);
  if (service === undefined || isListenerService(service)) return undefined;
  return `Service ${host} already exists in namespace`;
}

function problemOfHolder(
  holder: string | undefined,
  host: string,
  port: number,
): string | undefined {
  if (holder === undefined) return undefined;
  return `Listener ${holder} with host ${host} and port ${port} already exists in namespace`;
}
