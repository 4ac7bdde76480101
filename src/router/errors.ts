/** Faults of the router: its configuration, its sockets, its certificates. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type RouterErrorCode =
  | 'ROUTER_CONFIG_INVALID'
  | 'ROUTER_CONFIG_UNREADABLE'
  | 'ROUTER_LISTEN_FAILED'
  | 'ROUTER_PROXY_UNUSABLE'
  | 'ROUTER_TLS_MATERIAL_UNUSABLE';

export class RouterError extends CodedError<RouterErrorCode> {}

export const errorDocs: ErrorDocs<RouterErrorCode> = {
  ROUTER_CONFIG_INVALID: {
    meaning: 'The configuration file of the router has an element that cannot be used.',
    action: 'Correct the element that the message names; the router does not start before.',
  },
  ROUTER_CONFIG_UNREADABLE: {
    meaning: 'The configuration file of the router cannot be read.',
    action: 'Check the path given with --config and that the file may be read.',
  },
  ROUTER_LISTEN_FAILED: {
    meaning: 'A socket of the router cannot be opened, mostly because the port is taken.',
    action: 'Free the port or configure another one.',
  },
  ROUTER_PROXY_UNUSABLE: {
    meaning: 'A connector names a proxyProfile that is not there, or its password cannot be read.',
    action: 'Create the proxyProfile, or make its password file readable for the router.',
  },
  ROUTER_TLS_MATERIAL_UNUSABLE: {
    meaning: 'The files of an sslProfile cannot be read or do not fit together.',
    action: 'Check that the CA, certificate and key files exist and are PEM.',
  },
};
