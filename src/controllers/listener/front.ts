/** What Listeners and MultiKeyListeners have in common: a host and a port that clients use. */
import type { Listener, MultiKeyListener } from '../kinds.ts';
import { messages } from '../names.ts';
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
