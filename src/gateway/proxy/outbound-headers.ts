/**
 * Headers towards the API server, built from a list of what may pass. Nothing is copied and pruned:
 * a header that is not named here does not exist upstream.
 */
import type { KubeCredentials } from '#kubeclient/index.ts';
import type { HeaderLines } from '../request/inbound-headers.ts';
import { lineOf } from '../request/inbound-headers.ts';
import type { FlatHeaders } from './identity.ts';

/** What clients may say to the API server. */
const passed = [
  'accept',
  'accept-encoding',
  'content-type',
  'content-length',
  'if-none-match',
  'if-match',
  'user-agent',
  'kubectl-command',
  'kubectl-session',
] as const;

export interface OutboundFacts {
  /** Host of the API server, with its port. */
  readonly host: string;
  /** Credential headers of the gateway. */
  readonly credentials: KubeCredentials['headers'];
  /** Who it is. */
  readonly identity: FlatHeaders;
  readonly auditId: string;
  /** Address of the client. */
  readonly client: string;
}

/** Of an ordinary request, what comes from the client and what is told of it. */
export function passedHeaders(lines: HeaderLines, auditId: string, client: string): string[] {
  const out = ['Audit-ID', auditId, 'X-Forwarded-For', client];
  for (const name of passed) {
    const value = lineOf(lines, name);
    if (value !== undefined) out.push(name, value);
  }
  if (lines.has('transfer-encoding')) out.push('Transfer-Encoding', 'chunked');
  return out;
}

/** Of any request, what says who asks whom; the same as long as grant and credentials are. */
export function senderHeaders(facts: Pick<OutboundFacts, 'host' | 'credentials' | 'identity'>) {
  const credentials = Object.entries(facts.credentials).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each]),
  );
  return ['Host', facts.host, ...credentials, ...facts.identity];
}

/** The header lines that ask to switch protocols. @param protocols WebSocket subprotocols to offer */
export function upgradeHeaders(
  lines: HeaderLines,
  facts: OutboundFacts,
  upgrade: 'websocket' | 'SPDY/3.1',
  protocols: readonly string[],
): string[] {
  const out = ownHeaders(facts);
  out.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  for (const name of ['user-agent', 'kubectl-command', 'kubectl-session'] as const) {
    const value = lineOf(lines, name);
    if (value !== undefined) out.push(name, value);
  }
  if (upgrade === 'SPDY/3.1') {
    for (const value of lines.get('x-stream-protocol-version') ?? []) {
      out.push('X-Stream-Protocol-Version', value);
    }
    out.push('Content-Length', '0');
    return out;
  }
  out.push('Sec-WebSocket-Version', '13');
  out.push('Sec-WebSocket-Key', lineOf(lines, 'sec-websocket-key') ?? '');
  if (protocols.length > 0) out.push('Sec-WebSocket-Protocol', protocols.join(', '));
  return out;
}

function ownHeaders(facts: OutboundFacts): string[] {
  return [...senderHeaders(facts), 'Audit-ID', facts.auditId, 'X-Forwarded-For', facts.client];
}
