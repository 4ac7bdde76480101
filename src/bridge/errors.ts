/** Faults of the bridge between TCP sockets and streams. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type BridgeErrorCode = 'BRIDGE_TLS_INCOMPLETE';

export class BridgeError extends CodedError<BridgeErrorCode> {}

export const errorDocs: ErrorDocs<BridgeErrorCode> = {
  BRIDGE_TLS_INCOMPLETE: {
    meaning: 'A tcpListener should end TLS, and its sslProfile lacks what that needs.',
    action: 'Put what the message names into the Secret of the listener.',
  },
};
