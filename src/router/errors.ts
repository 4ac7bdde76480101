/** Faults of the router: configuration, management requests, peers on its connections. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type RouterErrorCode =
  | 'ROUTER_CONFIG_INVALID'
  | 'ROUTER_CONFIG_UNREADABLE'
  | 'ROUTER_ENTITY_EXISTS'
  | 'ROUTER_ENTITY_INVALID'
  | 'ROUTER_ENTITY_NOT_FOUND'
  | 'ROUTER_ENTITY_UNSUPPORTED'
  | 'ROUTER_LISTEN_FAILED'
  | 'ROUTER_MESSAGE_INVALID'
  | 'ROUTER_PEER_REFUSED'
  | 'ROUTER_TLS_MATERIAL_UNUSABLE';

export class RouterError extends CodedError<RouterErrorCode> {}

export const errorDocs: ErrorDocs<RouterErrorCode> = {
  ROUTER_CONFIG_INVALID: {
    meaning: 'The configuration file of the router has an element that cannot be used.',
    action: 'Correct the element that the message names; the router does not start before.',
  },
  ROUTER_CONFIG_UNREADABLE: {
    meaning: 'The configuration file of the router cannot be read or is not JSON.',
    action: 'Check the path given with --config and that the file is complete.',
  },
  ROUTER_ENTITY_EXISTS: {
    meaning: 'A management request would create an entity whose name is taken.',
    action: 'Delete the old entity first or choose another name.',
  },
  ROUTER_ENTITY_INVALID: {
    meaning: 'A management request has an attribute that is unknown, missing or cannot be set.',
    action: 'Correct the attribute that the message names.',
  },
  ROUTER_ENTITY_NOT_FOUND: {
    meaning: 'A management request names an entity or a type that this router does not have.',
    action: 'Query the entities of the type to see the names.',
  },
  ROUTER_ENTITY_UNSUPPORTED: {
    meaning: 'The operation is not allowed for this type, or the router cannot do what it asks.',
    action: 'Read the message: it says what is not supported.',
  },
  ROUTER_LISTEN_FAILED: {
    meaning: 'A socket of the router cannot be opened, mostly because the port is taken.',
    action: 'Free the port or configure another one.',
  },
  ROUTER_MESSAGE_INVALID: {
    meaning: 'A peer sent a message whose head cannot be read.',
    action: 'Look at the peer that the log line names; the message was rejected.',
  },
  ROUTER_PEER_REFUSED: {
    meaning: 'A connection was closed because the peer may not have it in this way.',
    action: 'Read the message: it says which rule the peer broke.',
  },
  ROUTER_TLS_MATERIAL_UNUSABLE: {
    meaning: 'The files of an sslProfile cannot be read or do not fit together.',
    action: 'Check that the CA, certificate and key files exist and are PEM.',
  },
};
