/** Which handle a request brings: as a bearer, as a WebSocket subprotocol, or as a cookie. */
import { GatewayError } from '../errors.ts';
import { type Handle, parseHandle } from '../grant/handle.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { readSessions } from './cookies.ts';

export interface Credential {
  readonly handle: Handle;
  /** Browsers send cookies by themselves, so what comes with one must prove its origin. */
  readonly browser: boolean;
}

/**
 * @param tag session chosen by the path; undefined: the only one there is
 * @param protocolBearer bearer that came as a subprotocol
 * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_REQUEST
 */
export function readCredential(
  lines: HeaderLines,
  tag: string | undefined,
  protocolBearer?: string,
): Credential {
  const authorization = lineOf(lines, 'authorization');
  if (authorization !== undefined && protocolBearer !== undefined) {
    throw new GatewayError('GATEWAY_REQUEST', 'two bearers in one request', { close: true });
  }
  const bearer = protocolBearer ?? bearerIn(authorization);
  if (bearer !== undefined) {
    const handle = parseHandle(bearer);
    if (handle === undefined) throw unknownBearer();
    return { handle, browser: false };
  }
  const sessions = readSessions(lines);
  if (tag === undefined && sessions.size > 1) {
    throw new GatewayError('GATEWAY_REQUEST', 'several sessions: put /s/TAG before the path');
  }
  const handle = tag === undefined ? [...sessions.values()][0] : sessions.get(tag);
  if (handle === undefined) {
    throw new GatewayError('GATEWAY_CREDENTIAL', 'no grant or session comes with the request');
  }
  return { handle, browser: true };
}

function bearerIn(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const match = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization);
  if (match?.[1] === undefined) throw unknownBearer();
  return match[1];
}

function unknownBearer(): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', 'the bearer is not one of this gateway');
}
