/** Door of routing: the pure routing protocol engine, its messages and address rules. */
export {
  addressPath,
  edgeAddress,
  edgeKey,
  mobileKey,
  parseAddress,
  parseEdgeAddress,
  routerAddress,
  type AddressTarget,
} from './address.ts';
export {
  encodeBody,
  isOpcode,
  parseBody,
  type BodyMap,
  type BodyNumber,
  type BodyValue,
} from './body.ts';
export type {
  AddressView,
  RouterView,
  RoutingDeps,
  RoutingEvent,
  RoutingOptions,
  RoutingSink,
} from './contract.ts';
export {
  chooseDestination,
  type Destination,
  type DestinationQuestion,
  type LocalConsumer,
} from './destination.ts';
export { RoutingEngine } from './engine.ts';
export type { LocalAddress } from './local-addresses.ts';
export type { MulticastTargets, RemoteChoice } from './reach.ts';
export { RoutingError, type RoutingErrorCode } from './errors.ts';
export {
  routingArea,
  Treatment,
  type AbsoluteChange,
  type AddressDescriptor,
  type ConnectionId,
  type DifferentialChange,
  type Hello,
  type LinkStateRequest,
  type LinkStateUpdate,
  type MobileAddressRequest,
  type MobileAddressUpdate,
  type Opcode,
  type RouterAdvertisement,
  type RoutingBody,
  type RoutingMessage,
} from './messages.ts';
