/**
 * Faults of AMQP peers and of the bytes they send. Each carries the condition that goes on the
 * wire when the fault ends a connection, session or link.
 */
import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

/** Conditions of the AMQP 1.0 core that we send. @spec AMQP-1.0 2.8.15-2.8.18 */
export const AmqpConditions = {
  internalError: 'amqp:internal-error',
  notFound: 'amqp:not-found',
  unauthorizedAccess: 'amqp:unauthorized-access',
  decodeError: 'amqp:decode-error',
  resourceLimitExceeded: 'amqp:resource-limit-exceeded',
  notAllowed: 'amqp:not-allowed',
  invalidField: 'amqp:invalid-field',
  notImplemented: 'amqp:not-implemented',
  preconditionFailed: 'amqp:precondition-failed',
  illegalState: 'amqp:illegal-state',
  frameSizeTooSmall: 'amqp:frame-size-too-small',
  connectionForced: 'amqp:connection:forced',
  framingError: 'amqp:connection:framing-error',
  windowViolation: 'amqp:session:window-violation',
  errantLink: 'amqp:session:errant-link',
  handleInUse: 'amqp:session:handle-in-use',
  unattachedHandle: 'amqp:session:unattached-handle',
  detachForced: 'amqp:link:detach-forced',
  transferLimitExceeded: 'amqp:link:transfer-limit-exceeded',
  messageSizeExceeded: 'amqp:link:message-size-exceeded',
  stolen: 'amqp:link:stolen',
} as const;

export type AmqpErrorCode =
  | 'AMQP_DECODE'
  | 'AMQP_ENCODE'
  | 'AMQP_DEPTH'
  | 'AMQP_FRAME_TOO_LARGE'
  | 'AMQP_FRAMING'
  | 'AMQP_PROTOCOL_HEADER'
  | 'AMQP_SASL'
  | 'AMQP_STATE'
  | 'AMQP_WINDOW'
  | 'AMQP_CREDIT'
  | 'AMQP_LIMIT'
  | 'AMQP_TIMEOUT'
  | 'AMQP_MESSAGE';

/** A fault of an AMQP peer, or of a value that AMQP cannot carry. */
export class AmqpError extends CodedError<AmqpErrorCode> {
  /** What the peer is told, one of {@link AmqpConditions}. */
  readonly condition: string;

  constructor(
    code: AmqpErrorCode,
    condition: string,
    message: string,
    options: CodedErrorOptions = {},
  ) {
    super(code, message, options);
    this.condition = condition;
  }
}

export const errorDocs: ErrorDocs<AmqpErrorCode> = {
  AMQP_DECODE: {
    meaning: 'Bytes from the peer are not a well-formed AMQP value.',
    action: 'Check that the peer speaks AMQP 1.0 and that nothing between alters the stream.',
  },
  AMQP_ENCODE: {
    meaning: 'A value was given that AMQP 1.0 cannot carry, such as a number out of range.',
    action: 'Correct the value named in the message.',
  },
  AMQP_DEPTH: {
    meaning: 'A value is nested more deeply, or holds more elements, than we accept.',
    action: 'Send flatter or smaller values.',
  },
  AMQP_FRAME_TOO_LARGE: {
    meaning: 'The peer sent a frame larger than the size we announced in open.',
    action: 'Correct the peer; it must obey max-frame-size.',
  },
  AMQP_FRAMING: {
    meaning: 'A frame header or the order of frames is wrong.',
    action: 'Check that the peer speaks AMQP 1.0 on this port.',
  },
  AMQP_PROTOCOL_HEADER: {
    meaning: 'The peer opened with another protocol or another version of AMQP.',
    action: 'Check port and protocol; TLS must be used on both sides or on neither.',
  },
  AMQP_SASL: {
    meaning: 'The two sides could not agree on a SASL mechanism, or the peer was refused.',
    action: 'Check the client certificate (EXTERNAL) or allow ANONYMOUS on the listener.',
  },
  AMQP_STATE: {
    meaning: 'The peer sent a frame that is not allowed in the present state.',
    action: 'Report the peer and its version; the connection was closed.',
  },
  AMQP_WINDOW: {
    meaning: 'The peer sent more transfer frames than the session window allows.',
    action: 'Report the peer and its version; the session was ended.',
  },
  AMQP_CREDIT: {
    meaning: 'The peer started a delivery without link credit.',
    action: 'Report the peer and its version; the link was detached.',
  },
  AMQP_LIMIT: {
    meaning: 'A limit on sessions, links or message size was reached.',
    action: 'Use fewer of them, or raise the limit named in the message.',
  },
  AMQP_TIMEOUT: {
    meaning: 'The peer stayed silent longer than agreed.',
    action: 'Check the network path and whether the peer is overloaded.',
  },
  AMQP_MESSAGE: {
    meaning: 'The sections of a message are malformed or in the wrong order.',
    action: 'Correct the sender of the message.',
  },
};
