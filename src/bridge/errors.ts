/** Faults of the bridge between TCP sockets and streams. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type BridgeErrorCode = 'BRIDGE_HEAD_INVALID' | 'BRIDGE_LISTEN_FAILED';

export class BridgeError extends CodedError<BridgeErrorCode> {}

export const errorDocs: ErrorDocs<BridgeErrorCode> = {
  BRIDGE_HEAD_INVALID: {
    meaning: 'A stream for a TCP socket begins with something that is no TCP stream head.',
    action: 'Look at what sends to the address of the service; the stream was refused.',
  },
  BRIDGE_LISTEN_FAILED: {
    meaning: 'The socket of a tcpListener cannot be opened; it is tried again.',
    action: 'Free the port that the message names or change the listener.',
  },
};
