/** Door of bridge: TCP listeners and connectors mapped to addresses. */
export { BridgeError, type BridgeErrorCode, errorDocs } from './errors.ts';
export { type TcpCounters } from './exchange.ts';
export { bridgeFlowSubjects } from './flow-subjects.ts';
export {
  type Bridge,
  type BridgeDeps,
  createBridge,
  TcpConnectorKind,
  TcpListenerKind,
} from './tcp-kinds.ts';
