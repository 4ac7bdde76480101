/** Door of telemetry: log writers, metric exposition and flow records. */
export {
  FlowCollector,
  type FlowCollectorDeps,
  type FlowCollectorOptions,
} from './flow/collector.ts';
export {
  decodeFlowMessage,
  encodeFlowMessage,
  type FlowBeacon,
  type FlowFlush,
  type FlowHeartbeat,
  type FlowMessage,
  type FlowRecords,
  type FlowSourceType,
} from './flow/message.ts';
export { networkStatus, siteNetwork, type SiteNetworkEntry } from './flow/network-status.ts';
export {
  type ConnectorView,
  countAddress,
  findLink,
  type FlowRouterView,
  type LinkView,
  type ListenerView,
  networkView,
  type NetworkView,
  type SiteView,
} from './flow/network-view.ts';
export {
  type FlowAttributes,
  type FlowRecord,
  flowRecord,
  FlowRecordType,
  flowTime,
  type FlowValue,
} from './flow/record.ts';
export {
  beaconAddress,
  flowAddresses,
  type FlowAddresses,
  FlowSource,
  type FlowSourceDeps,
  type FlowSourceOptions,
} from './flow/source.ts';
export { createLogger, type LogOptions, type RunningLogger } from './log-writer.ts';
export { createMetrics, type Metrics, type MetricsOptions } from './metrics-exposition.ts';
