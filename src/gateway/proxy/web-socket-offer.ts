/**
 * The WebSocket side of an upgrade: what the client offers, with its bearer taken out, and whether
 * the answer fits.
 * @spec RFC6455 4.1 4.2.2
 */
import { createHash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

/** Browsers cannot set Authorization on a WebSocket; the API server takes this instead. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface Offer {
  /** Subprotocols to offer upstream. */
  readonly protocols: readonly string[];
  /** The bearer that came as a subprotocol. */
  readonly bearer: string | undefined;
}

/** @throws GatewayError GATEWAY_REQUEST */
export function readOffer(lines: HeaderLines): Offer {
  const offered = (lines.get('sec-websocket-protocol') ?? [])
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const bearers = offered.filter((name) => name.startsWith(bearerProtocol));
  const protocols = offered.filter((name) => !name.startsWith(bearerProtocol));
  if (bearers.length > 1) throw refused('more than one bearer among the subprotocols');
  if (bearers.length === 1 && protocols.length === 0) {
    throw refused('a bearer among the subprotocols needs another subprotocol beside it');
  }
  if (!protocols.every((name) => /^[A-Za-z0-9.+/_-]{1,128}$/.test(name))) {
    throw refused('a subprotocol is not a name');
  }
  const [bearer] = bearers;
  const encoded = bearer?.slice(bearerProtocol.length);
  return {
    protocols,
    bearer:
      encoded === undefined ? undefined : Buffer.from(encoded, 'base64url').toString('latin1'),
  };
}

/** The handshake headers must be those of version 13. @throws GatewayError GATEWAY_REQUEST */
export function checkHandshake(lines: HeaderLines): void {
  const key = lineOf(lines, 'sec-websocket-key') ?? '';
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) throw refused('the WebSocket key is not valid');
  if (lineOf(lines, 'sec-websocket-version') !== '13') {
    throw refused('the WebSocket version must be 13');
  }
}

/** True when the answer accepts this very handshake with a subprotocol that was offered. */
export function isAccepted(
  lines: HeaderLines,
  offer: Offer,
  answer: { readonly accept: string | undefined; readonly protocol: string | undefined },
): boolean {
  const key = lineOf(lines, 'sec-websocket-key') ?? '';
  const expected = createHash('sha1').update(`${key}${guid}`).digest('base64');
  const known = answer.protocol === undefined || offer.protocols.includes(answer.protocol);
  return answer.accept === expected && known;
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', `the upgrade is not acceptable: ${why}`, {
    close: true,
  });
}
