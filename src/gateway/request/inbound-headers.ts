/**
 * What a request may bring: read from the raw header lines, because Node's merged view hides
 * duplicates. Anything that two servers could read in two ways is refused and the connection closed.
 * @spec RFC9110 7.6.1; RFC9112 6.1 6.3
 */
import { GatewayError } from '../errors.ts';

/** Header lines by lower-case name, in the order of the wire. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>;

/** Headers of which a request may have one line. */
const single: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'transfer-encoding',
  'upgrade',
  'origin',
  'accept-encoding',
  'sec-fetch-site',
  'sec-websocket-key',
  'sec-websocket-version',
]);

/** What Connection may list; the last two are dropped with the header. */
const connectionTokens = new Set(['keep-alive', 'close', 'upgrade', 'te', 'http2-settings']);

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What of a request is checked; Node's IncomingMessage fits. */
export interface RawRequest {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/**
 * Reads and checks the headers.
 * @throws GatewayError GATEWAY_METHOD, GATEWAY_REQUEST
 */
export function readInbound(request: RawRequest): HeaderLines {
  if (!methods.has(request.method ?? '')) {
    throw new GatewayError('GATEWAY_METHOD', 'this method is not served', { close: true });
  }
  const lines = collect(request.rawHeaders);
  if (request.httpVersion !== '1.1') throw refused('only HTTP/1.1 is served');
  checkConnection(lines.get('connection') ?? []);
  checkBody(request.method ?? '', lines);
  return lines;
}

function collect(raw: readonly string[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = nameOf(raw[at] ?? '');
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [raw[at + 1] ?? '']);
    else if (single.has(name)) throw refused(`more than one ${name} header`);
    else known.push(raw[at + 1] ?? '');
  }
  return lines;
}

/** Headers that name a user, in every spelling that a server could take for one. */
const identity = /^\s*impersonate[-_]/;

/** Spellings of headers that come with most requests, in lower case: the shorter way to their name. */
const usual: ReadonlyMap<string, string> = new Map(
  [
    'Host',
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cache-Control',
    'Connection',
    'Content-Length',
    'Content-Type',
    'Cookie',
    'Kubectl-Command',
    'Kubectl-Session',
    'Origin',
    'Referer',
    'Sec-Fetch-Dest',
    'Sec-Fetch-Mode',
    'Sec-Fetch-Site',
    'User-Agent',
    'X-Forwarded-For',
  ].flatMap((text) => [text, text.toLowerCase()].map((spelling) => [spelling, text.toLowerCase()])),
);

/** The name in lower case. @throws GatewayError GATEWAY_REQUEST when it names a user */
function nameOf(spelling: string): string {
  return usual.get(spelling) ?? checkedName(spelling);
}

function checkedName(spelling: string): string {
  const name = spelling.toLowerCase();
  // Whoever could say who he is to the API server would be anybody.
  if (identity.test(name)) throw refused('headers that name a user are set by the gateway alone');
  return name;
}

/** A header named here would be taken away after it was set. */
function checkConnection(values: readonly string[]): void {
  for (const token of values.flatMap((value) => value.split(','))) {
    const plain = token.trim().toLowerCase();
    if (plain !== '' && !connectionTokens.has(plain)) {
      throw refused('Connection may list keep-alive, close and upgrade only');
    }
  }
}

function checkBody(method: string, lines: HeaderLines): void {
  const [encoding] = lines.get('transfer-encoding') ?? [];
  const [length] = lines.get('content-length') ?? [];
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    throw refused('Transfer-Encoding may be chunked only');
  }
  if (encoding !== undefined && length !== undefined) {
    throw refused('Transfer-Encoding and Content-Length exclude each other');
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw refused('Content-Length is not a number');
  }
  const hasBody = encoding !== undefined || (length !== undefined && Number(length) > 0);
  if (hasBody && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')) {
    throw refused(`${method} has no body`);
  }
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', `the request is not acceptable: ${why}`, {
    close: true,
  });
}

/** The one line of a header that has at most one. */
export function lineOf(lines: HeaderLines, name: string): string | undefined {
  return lines.get(name)?.[0];
}
