/**
 * What of a request's headers is believed and sent on. The outgoing set is built from a short list;
 * everything that could carry an identity or confuse a parser refuses the whole request.
 */
import { badRequest, StatusError, unauthorized } from '#kube/index.ts';

/** What is known of a request after its headers. */
export interface InboundHeaders {
  /** The `Authorization` line to send on, byte for byte; absent for anonymous callers. */
  readonly authorization?: string;
  /** Headers to send on beside it. */
  readonly forwarded: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Value of `Origin`, for cross-origin rules. */
  readonly origin?: string;
}

/** Headers sent on as they came, lower case. */
const forwardedNames = ['accept', 'accept-encoding', 'user-agent'] as const;

/** Headers that must not come twice. Node keeps one of them and would hide the other. */
const single = new Set([
  'accept-encoding',
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'origin',
  'transfer-encoding',
  'user-agent',
  'x-forwarded-for',
]);

/** What `Connection` may ask for. */
const connectionOptions = new Set(['keep-alive', 'close']);

/** Longest token, characters; tokens of service accounts have about 1 000. */
const bearerCharsMax = 16 * 1024;

/**
 * @param rawHeaders names and values in turn, as Node gives them
 * @throws StatusError 400 for what may not be sent, 401 for a credential that is not a bearer token
 */
export function readInboundHeaders(rawHeaders: readonly string[]): InboundHeaders {
  const values = new Map<string, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    checkName(name);
    if (values.has(name) && single.has(name)) throw badRequest(`the header ${name} comes twice`);
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  checkConnection(values.get('connection'));
  checkTransferEncoding(values);
  const authorization = bearerLine(values.get('authorization'));
  const origin = values.get('origin');
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(origin === undefined ? {} : { origin }),
    forwarded: Object.fromEntries(
      forwardedNames.flatMap((name) => {
        const value = values.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    contentType: values.get('content-type') ?? '',
  };
}

/** Names are compared as a careless server behind us might read them: `_` as `-`. */
function checkName(name: string): void {
  const plain = name.replaceAll('_', '-');
  if (plain.startsWith('impersonate-') || plain.startsWith('x-remote-')) {
    throw badRequest('headers that name another user are not taken');
  }
  if (plain === 'upgrade') throw badRequest('the connection cannot be upgraded');
}

function checkConnection(value: string | undefined): void {
  if (value === undefined) return;
  const asked = value.split(',').map((option) => option.trim().toLowerCase());
  if (!asked.every((option) => connectionOptions.has(option))) {
    throw badRequest('the header connection may say keep-alive or close');
  }
}

function checkTransferEncoding(values: ReadonlyMap<string, string>): void {
  const encoding = values.get('transfer-encoding');
  if (encoding === undefined) return;
  if (encoding.toLowerCase() !== 'chunked' || values.has('content-length')) {
    throw badRequest('the body must have a length or be chunked, not both or anything else');
  }
}

function bearerLine(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value.length > bearerCharsMax) throw badRequest('the bearer token is too long');
  if (!/^Bearer [A-Za-z0-9._~+/-]+=*$/.test(value)) throw unauthorized();
  return value;
}

/** The token of a bearer line. */
export function tokenOf(authorization: string): string {
  return authorization.slice('Bearer '.length);
}

/** 405 with the methods that there are. */
export function onlyGetAndPost(): StatusError {
  return new StatusError('MethodNotAllowed', 'only GET and POST are supported here', {});
}
