/** What Listeners and MultiKeyListeners have in common: a host and a port that clients use. */
import type { Listener, MultiKeyListener, Service } from '../kinds.ts';
import { labels, messages } from '../names.ts';
import type { NetworkSite } from '../network.ts';
import { servicePortName } from './service-port.ts';

export interface Front {
  /** Name of the router's tcpListener, which is unique in the namespace. */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly created: string;
  readonly host: string;
  readonly port: number;
  /** Name of its port in the Service. */
  readonly portName: string;
  /** Secret with its server certificate; empty without TLS. */
  readonly secret: string;
  /** Clients must show a certificate of the Secret's CA. */
  readonly clientCert: boolean;
  /** What is wrong with the rest of its spec. */
  readonly fault: string | undefined;
}

export function frontOfListener(listener: Listener): Front {
  const { metadata, spec } = listener;
  const { host, port, type = '', tlsCredentials = '' } = spec ?? { host: '', port: 0 };
  return {
    id: `listener/${metadata.name}`,
    kind: 'Listener',
    name: metadata.name,
    created: metadata.creationTimestamp ?? '',
    host,
    port,
    portName: servicePortName(metadata.name),
    secret: tlsCredentials,
    clientCert: false,
    fault: type === '' || type === 'tcp' ? undefined : messages.unsupportedType(type),
  };
}

/** A Listener in front of one pod of the network, by its name. */
export interface PodFront {
  readonly front: Front;
  /** What the router listens for. */
  readonly address: string;
}

/**
 * With pods exposed by name, a front for each pod of the network that connectors of the routing key
 * lead to; a Service of its name leads there.
 * @param network as the router sees it; while it does not, the pods are those that have Services
 */
export function podFrontsOf(
  listener: Listener,
  network: readonly NetworkSite[] | undefined,
  services: readonly Service[],
): readonly PodFront[] {
  const { routingKey = '', exposePodsByName = false } = listener.spec ?? {};
  if (!exposePodsByName) return [];
  const own = frontOfListener(listener);
  const targets =
    network === undefined
      ? servedTargets(own, services)
      : exposedTargets(network, `${routingKey}.`);
  return targets.map((target) => ({
    front: { ...own, id: `${own.id}@${target}`, host: target },
    address: `${routingKey}.${target}`,
  }));
}

function exposedTargets(network: readonly NetworkSite[], prefix: string): readonly string[] {
  const keys = network.flatMap(({ services = [] }) =>
    services
      .filter(({ connectors = [] }) => connectors.some((host) => host !== ''))
      .map(({ routingKey }) => routingKey),
  );
  const targets = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  return [...new Set(targets)].filter((target) => target !== '').toSorted();
}

function servedTargets({ host, portName }: Front, services: readonly Service[]): readonly string[] {
  return services
    .filter(({ metadata }) => metadata.name !== host && metadata.labels?.[labels.listener])
    .filter(({ spec }) => spec?.ports?.some(({ name }) => name === portName))
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

export function frontOfMultiKeyListener(listener: MultiKeyListener): Front {
  const { metadata, spec } = listener;
  const { host, port, tlsCredentials = '', requireClientCert = false } = spec;
  return {
    id: `multiAddress/${metadata.name}`,
    kind: 'MultiKeyListener',
    name: metadata.name,
    created: metadata.creationTimestamp ?? '',
    host,
    port,
    portName: servicePortName(`multiaddress-${metadata.name}`),
    secret: tlsCredentials,
    clientCert: requireClientCert,
    fault: faultOf(listener),
  };
}

function faultOf({ spec }: MultiKeyListener): string | undefined {
  if (spec.requireClientCert === true && (spec.tlsCredentials ?? '') === '') {
    return 'spec.requireClientCert needs spec.tlsCredentials';
  }
  const weights = Object.entries(spec.strategy.weighted?.routingKeys ?? {});
  const negative = weights.find(([, weight]) => weight < 0);
  return negative && `Invalid weight of routing key ${negative[0]}: ${negative[1]}`;
}
