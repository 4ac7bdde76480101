/** Faults of HTTP clients and servers, as the owners of the work see them. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type HttpErrorCode =
  | 'HTTP_LISTEN_FAILED'
  | 'HTTP_TLS_INVALID'
  | 'HTTP_BODY_TOO_LARGE'
  | 'HTTP_BODY_INCOMPLETE'
  | 'HTTP_URL_INVALID'
  | 'HTTP_CONNECT_FAILED'
  | 'HTTP_TLS_UNTRUSTED'
  | 'HTTP_TIMEOUT'
  | 'HTTP_ABORTED'
  | 'HTTP_REQUEST_INVALID'
  | 'HTTP_ANSWER_INVALID';

export class HttpError extends CodedError<HttpErrorCode> {}

export const errorDocs: ErrorDocs<HttpErrorCode> = {
  HTTP_LISTEN_FAILED: {
    meaning: 'The address and port could not be bound.',
    action: 'Choose another port (0 takes any free one) or stop the process that holds it.',
  },
  HTTP_TLS_INVALID: {
    meaning: 'The certificate or private key of a TLS server could not be used.',
    action: 'Check that both are PEM, that they belong together and that the chain is complete.',
  },
  HTTP_BODY_TOO_LARGE: {
    meaning: 'A request or response body was larger than the limit of the reader.',
    action: 'Send less, or raise the limit where it is configured.',
  },
  HTTP_BODY_INCOMPLETE: {
    meaning: 'The sender closed the connection, or was too slow, before the body was complete.',
    action: 'Send the request again.',
  },
  HTTP_URL_INVALID: {
    meaning: 'The address is not an http or https URL.',
    action: 'Correct the URL.',
  },
  HTTP_CONNECT_FAILED: {
    meaning: 'The server could not be reached, or closed the connection before it answered.',
    action: 'Check that the address resolves, that the port is open and that the server runs.',
  },
  HTTP_TLS_UNTRUSTED: {
    meaning: 'The certificate of the server is not signed by the given CA or names another host.',
    action: 'Check that the CA belongs to that server and that the host is one it was issued for.',
  },
  HTTP_TIMEOUT: {
    meaning: 'The whole exchange took longer than the time allowed.',
    action: 'Try again later, or raise the timeout where it is configured.',
  },
  HTTP_ABORTED: {
    meaning: 'The caller gave up before the answer was complete.',
    action: 'Nothing; this follows a shutdown or a cancelled request.',
  },
  HTTP_REQUEST_INVALID: {
    meaning: 'A method, target or header could not be sent without being misread.',
    action: 'Look for line ends or control characters in credentials and names.',
  },
  HTTP_ANSWER_INVALID: {
    meaning: 'An answer was not HTTP/1.1, or could be read in two ways; the connection was closed.',
    action: 'Check what listens at that address, and what stands between.',
  },
};
