/**
 * Refusals of the gateway. Each code has one HTTP status and one Status reason; the message is what
 * the client may read, so it never quotes internals. Details go to the log and the audit record.
 */
import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

export type GatewayErrorCode =
  | 'GATEWAY_TARGET'
  | 'GATEWAY_REQUEST'
  | 'GATEWAY_METHOD'
  | 'GATEWAY_HOST'
  | 'GATEWAY_CREDENTIAL'
  | 'GATEWAY_NOT_YET'
  | 'GATEWAY_DENIED'
  | 'GATEWAY_ORIGIN'
  | 'GATEWAY_NOT_FOUND'
  | 'GATEWAY_ENDED'
  | 'GATEWAY_TOO_LARGE'
  | 'GATEWAY_BUSY'
  | 'GATEWAY_STORE'
  | 'GATEWAY_AUDIT'
  | 'GATEWAY_RECORDING'
  | 'GATEWAY_UPSTREAM'
  | 'GATEWAY_UPSTREAM_TIMEOUT'
  | 'GATEWAY_UPSTREAM_REDIRECT'
  | 'GATEWAY_CONFIG';

/** HTTP status and reason of the Status document, by code. */
const forms: Readonly<Record<GatewayErrorCode, readonly [status: number, reason: string]>> = {
  GATEWAY_TARGET: [400, 'BadRequest'],
  GATEWAY_REQUEST: [400, 'BadRequest'],
  GATEWAY_METHOD: [405, 'MethodNotAllowed'],
  GATEWAY_HOST: [421, 'MisdirectedRequest'],
  GATEWAY_CREDENTIAL: [401, 'Unauthorized'],
  GATEWAY_NOT_YET: [401, 'Unauthorized'],
  GATEWAY_DENIED: [403, 'Forbidden'],
  GATEWAY_ORIGIN: [403, 'Forbidden'],
  GATEWAY_NOT_FOUND: [404, 'NotFound'],
  GATEWAY_ENDED: [410, 'Gone'],
  GATEWAY_TOO_LARGE: [413, 'RequestEntityTooLarge'],
  GATEWAY_BUSY: [429, 'TooManyRequests'],
  GATEWAY_STORE: [503, 'ServiceUnavailable'],
  GATEWAY_AUDIT: [503, 'ServiceUnavailable'],
  GATEWAY_RECORDING: [503, 'ServiceUnavailable'],
  GATEWAY_UPSTREAM: [502, 'BadGateway'],
  GATEWAY_UPSTREAM_TIMEOUT: [504, 'Timeout'],
  GATEWAY_UPSTREAM_REDIRECT: [502, 'BadGateway'],
  GATEWAY_CONFIG: [500, 'InternalError'],
};

export interface GatewayErrorOptions extends CodedErrorOptions {
  /** Closes the connection after the answer: what follows on it cannot be trusted. */
  readonly close?: boolean;
  /** The rule that decided, for the audit record. */
  readonly rule?: string;
}

export class GatewayError extends CodedError<GatewayErrorCode> {
  readonly httpStatus: number;
  readonly reason: string;
  readonly close: boolean;
  readonly rule: string | undefined;

  constructor(code: GatewayErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(code, message, options);
    [this.httpStatus, this.reason] = forms[code];
    this.close = options.close ?? false;
    this.rule = options.rule;
  }

  /** Seconds after which trying again makes sense; undefined when it never does. */
  get retryAfterSeconds(): number | undefined {
    return typeof this.retry === 'object' ? Math.ceil(this.retry.afterMs / 1000) : undefined;
  }
}

/** True when somebody brought a handle that never was: trying many of them must not pay. */
export function isGuess(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.facts['guess'] === true;
}

export const errorDocs: ErrorDocs<GatewayErrorCode> = {
  GATEWAY_TARGET: {
    meaning: 'The path or query is not written in the one form that the gateway decides about.',
    action:
      'Send a plain absolute path without dot segments, double slashes or escaped separators.',
  },
  GATEWAY_REQUEST: {
    meaning: 'Headers or body contradict each other, or a header is one that clients may not send.',
    action: 'Remove the header named in the message; the gateway never repairs a request.',
  },
  GATEWAY_METHOD: {
    meaning: 'The HTTP method is not one that this path takes.',
    action: 'Use one of the methods in the Allow header.',
  },
  GATEWAY_HOST: {
    meaning: 'The Host header names a host that this gateway does not serve.',
    action: 'Use the name the gateway is configured with, or add yours with --host.',
  },
  GATEWAY_CREDENTIAL: {
    meaning: 'No grant or session comes with the request, or it is unknown, expired or revoked.',
    action: 'Ask for a new link or token.',
  },
  GATEWAY_NOT_YET: {
    meaning: 'The grant exists, but its time has not begun.',
    action: 'Wait until the time in the message.',
  },
  GATEWAY_DENIED: {
    meaning: 'The grant does not allow this request, or nothing can allow it.',
    action: 'The message names the rule; ask for a grant with what is missing.',
  },
  GATEWAY_ORIGIN: {
    meaning: 'A browser sent the request from a page that is not of this gateway.',
    action: 'Open the page of the gateway itself, or add the origin to its configuration.',
  },
  GATEWAY_NOT_FOUND: {
    meaning: 'The gateway serves nothing at this path, or knows no cluster of this name.',
    action: 'docs/internals/gateway.md lists the routes.',
  },
  GATEWAY_ENDED: {
    meaning: 'The grant has been used as often as it may be, has expired or was revoked.',
    action: 'Ask for a new link or token.',
  },
  GATEWAY_TOO_LARGE: {
    meaning: 'The body is larger than the gateway takes.',
    action: 'Send less, or raise the limit in its configuration.',
  },
  GATEWAY_BUSY: {
    meaning: 'Too many sessions, streams or attempts at the same time.',
    action: 'Close some, or try again after the time in Retry-After.',
  },
  GATEWAY_STORE: {
    meaning: 'The API that keeps the grants cannot be reached or did not take the count in time.',
    action: 'Try again; no use was spent.',
  },
  GATEWAY_AUDIT: {
    meaning: 'The audit log cannot be written and the gateway is told to refuse then.',
    action: 'Make room for the audit log, or correct its path.',
  },
  GATEWAY_RECORDING: {
    meaning:
      'A terminal that is to be recorded cannot be: the folder is away or full, or a recording cannot be read.',
    action:
      "Make room, remove old ones with 'drawbridge gateway recordings delete', or correct the folder and its key.",
  },
  GATEWAY_UPSTREAM: {
    meaning: 'The API server behind the gateway cannot be reached, or its answer makes no sense.',
    action: 'Check that it runs and that the CA in the kubeconfig of the gateway is right.',
  },
  GATEWAY_UPSTREAM_TIMEOUT: {
    meaning: 'The API server behind the gateway did not answer in time.',
    action: 'Try again; look at the load of the API server.',
  },
  GATEWAY_UPSTREAM_REDIRECT: {
    meaning:
      'The API server answered with a redirect that leads out of the API; it is not followed.',
    action: 'Look at the aggregated API behind the path: it should not redirect.',
  },
  GATEWAY_CONFIG: {
    meaning: 'The gateway cannot start as configured.',
    action: 'Correct what the message names.',
  },
};
