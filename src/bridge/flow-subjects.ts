/** Flow records of the bridge: one per tcpListener, listenerAddress and tcpConnector. */
import type { FlowSubject } from '#router/index.ts';
import { FlowRecordType } from '#telemetry/index.ts';
import type { Bridge } from './tcp-kinds.ts';

export function* bridgeFlowSubjects(bridge: Bridge): Iterable<FlowSubject> {
  for (const { name, attributes, item } of bridge.listeners.shelf.items()) {
    // One with a strategy has a record for each of its addresses instead, below.
    if (item.addresses.strategy !== 'none') continue;
    yield {
      key: `tcpListener/${name}`,
      type: FlowRecordType.listener,
      attributes: {
        name,
        destHost: item.options.host,
        destPort: String(item.options.port),
        protocol: 'tcp',
        address: typeof attributes['address'] === 'string' ? attributes['address'] : undefined,
        flowCount: item.counters.connectionsOpened,
      },
    };
  }
  for (const { name, item } of bridge.addresses.shelf.items()) {
    const listener = bridge.listeners.shelf.get(item.listener)?.item;
    if (listener === undefined) continue;
    yield {
      key: `listenerAddress/${name}`,
      type: FlowRecordType.listener,
      attributes: {
        name: item.listener,
        destHost: listener.options.host,
        destPort: String(listener.options.port),
        protocol: 'tcp',
        address: item.address,
        flowCount: listener.addresses.connectionsOpened(item.address),
      },
    };
  }
  for (const { name, attributes, item } of bridge.connectors.shelf.items()) {
    const process = attributes['processId'];
    yield {
      key: `tcpConnector/${name}`,
      type: FlowRecordType.connector,
      attributes: {
        name,
        destHost: item.options.host,
        destPort: String(item.options.port),
        protocol: 'tcp',
        address: item.options.address,
        flowCount: item.counters.connectionsOpened,
        process: typeof process === 'string' ? process : undefined,
        // TLS that fails is a fault of the configuration: its controller wants to know at once.
        lastFailureReason: item.options.sslProfile === undefined ? undefined : item.lastFailure,
      },
    };
  }
}
