/** Flow records of the bridge: one per tcpListener and tcpConnector. */
import type { FlowSubject } from '#router/index.ts';
import { FlowRecordType } from '#telemetry/index.ts';
import type { Bridge } from './tcp-kinds.ts';

export function* bridgeFlowSubjects(bridge: Bridge): Iterable<FlowSubject> {
  for (const { name, attributes, item } of bridge.listeners.shelf.items()) {
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
      },
    };
  }
}
