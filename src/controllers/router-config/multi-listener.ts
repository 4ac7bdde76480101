/** A listener of several addresses as the router wants it. @spec router-protocol 7.6 */
import type { MultiKeyListener } from '../kinds.ts';

export interface MultiListenerInput {
  readonly name: string;
  readonly bind: { readonly host: string; readonly port: number };
  readonly strategy: 'priority' | 'weighted';
  /** With their priorities, the highest first, or with their weights. */
  readonly addresses: readonly { readonly address: string; readonly value: number }[];
  readonly secret: string | undefined;
  readonly clientCert: boolean;
  readonly observer: string | undefined;
  /** Another router of the Site listens there, too. */
  readonly sharePort?: boolean;
}

export interface MultiListenerEntity {
  readonly type: 'listenerAddress' | 'tcpListener';
  readonly name: string;
  readonly attributes: Readonly<Record<string, boolean | number | string>>;
}

/** The addresses of a strategy; of two kinds, which the API refuses, priority counts. */
export function addressesOf(
  strategy: MultiKeyListener['spec']['strategy'],
): Pick<MultiListenerInput, 'addresses' | 'strategy'> {
  if (strategy.priority !== undefined) {
    const keys = strategy.priority.routingKeys;
    const addresses = keys.map((address, index) => ({ address, value: keys.length - 1 - index }));
    return { strategy: 'priority', addresses };
  }
  const weights = Object.entries(strategy.weighted?.routingKeys ?? {});
  const addresses = weights.map(([address, value]) => ({ address, value }));
  return { strategy: 'weighted', addresses };
}

/** The tcpListener and its listenerAddresses. */
export function multiListenerEntities(
  input: MultiListenerInput,
  siteId: string,
): MultiListenerEntity[] {
  const listener = `multiAddress/${input.name}`;
  const attributes = {
    ...(input.bind.host === '' ? {} : { host: input.bind.host }),
    port: `${input.bind.port}`,
    multiAddressStrategy: input.strategy,
    siteId,
    ...(input.secret === undefined
      ? {}
      : { sslProfile: input.secret, authenticatePeer: input.clientCert }),
    ...(input.observer === undefined ? {} : { observer: input.observer }),
    ...(input.sharePort === true ? { sharePort: true } : {}),
  };
  return [
    { type: 'tcpListener', name: listener, attributes },
    ...input.addresses.map(({ address, value }): MultiListenerEntity => {
      const name = `${input.name}/${address}`;
      return { type: 'listenerAddress', name, attributes: { address, value, listener } };
    }),
  ];
}
