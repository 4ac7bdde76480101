/** Faults of peers that the routing protocol can meet. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type RoutingErrorCode = 'ROUTING_BODY_INVALID' | 'ROUTING_VERSION_UNKNOWN';

/** A routing message that cannot be used. The message is dropped and counted; the link stays. */
export class RoutingError extends CodedError<RoutingErrorCode> {}

export const errorDocs: ErrorDocs<RoutingErrorCode> = {
  ROUTING_BODY_INVALID: {
    meaning: 'A routing message of a peer lacks a field, has one of a wrong type or is too large.',
    action: 'Look at the version of the peer router that the log line names.',
  },
  ROUTING_VERSION_UNKNOWN: {
    meaning: 'A routing message of a peer has a protocol version newer than this router knows.',
    action: 'Bring both routers to versions that speak the same routing protocol.',
  },
};
