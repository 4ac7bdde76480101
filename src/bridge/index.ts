/** Door of bridge: TCP listeners and connectors mapped to addresses. */
export { type TcpCounters } from './exchange.ts';
export { bridgeFlowSubjects } from './flow-subjects.ts';
export {
  type Bridge,
  type BridgeDeps,
  createBridge,
} from './tcp-kinds.ts';
