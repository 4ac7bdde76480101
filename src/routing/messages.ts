/**
 * The six messages of the routing protocol as plain values. They know nothing of AMQP: body.ts turns
 * a body into a map of typed values and back, and the router puts that into a message.
 */

/** Area of every router; the protocol has room for others but nobody uses them. */
export const routingArea = '0';

/** Name of one control connection, chosen by the owner of the connections; never reused while open. */
export type ConnectionId = number;

/** How messages to a mobile address find their consumers. @spec router-protocol 4.3 */
export const Treatment = {
  flood: 0,
  multicast: 1,
  closest: 2,
  balanced: 3,
  unavailable: 4,
} as const;
export type Treatment = (typeof Treatment)[keyof typeof Treatment];

/** One entry of a MAU: an address with consumers at the sender. @spec router-protocol 5.4 */
export interface AddressDescriptor {
  /** Class letter and name: `Mservice`, `Hedge-id`, `Nnetwork`. */
  readonly key: string;
  readonly treatment: Treatment;
  /** Number of local producers. */
  readonly producers: number;
  /** Set when every consumer is behind one mesh of edge routers. */
  readonly meshId: string | undefined;
}

/** Says who we are and whom we hear on this control connection. Never forwarded. */
export interface Hello {
  readonly opcode: 'HELLO';
  readonly id: string;
  readonly instance: number;
  readonly seen: readonly string[];
}

/** Announces the sequence numbers of the sender's link state and addresses to all routers. */
export interface RouterAdvertisement {
  readonly opcode: 'RA';
  readonly id: string;
  readonly instance: number;
  readonly lsSeq: number;
  readonly mobileSeq: number;
}

/** Asks one router for its link state. */
export interface LinkStateRequest {
  readonly opcode: 'LSR';
  readonly id: string;
}

/** The sender's neighbours with the cost of each. */
export interface LinkStateUpdate {
  readonly opcode: 'LSU';
  readonly id: string;
  readonly instance: number;
  readonly lsSeq: number;
  readonly peers: ReadonlyMap<string, number>;
}

/** Asks one router for its addresses, naming the sequence number that the sender already has. */
export interface MobileAddressRequest {
  readonly opcode: 'MAR';
  readonly id: string;
  readonly haveSeq: number;
}

/** The sender's addresses: all of them, or the difference to the sequence number before. */
export interface MobileAddressUpdate {
  readonly opcode: 'MAU';
  readonly id: string;
  readonly mobileSeq: number;
  readonly change: AbsoluteChange | DifferentialChange;
}
export interface AbsoluteChange {
  readonly kind: 'absolute';
  readonly exist: readonly AddressDescriptor[];
}
export interface DifferentialChange {
  readonly kind: 'differential';
  readonly add: readonly AddressDescriptor[];
  /** Keys only. */
  readonly del: readonly string[];
}

export type RoutingBody =
  | Hello
  | RouterAdvertisement
  | LinkStateRequest
  | LinkStateUpdate
  | MobileAddressRequest
  | MobileAddressUpdate;

export type Opcode = RoutingBody['opcode'];

/** A message to send: `to` goes into properties, `body.opcode` into the application-properties. */
export interface RoutingMessage {
  readonly to: string;
  readonly body: RoutingBody;
}
