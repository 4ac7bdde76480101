/**
 * Headers of an answer towards the client: what may pass of the API server's, and what makes it
 * harmless in a browser.
 */
import { GatewayError } from '../errors.ts';
import { parseTarget } from '../request/target.ts';

const passed = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-disposition',
  'cache-control',
  'etag',
  'last-modified',
  'vary',
  'retry-after',
  'warning',
  'allow',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
]);

/** Types that browsers run or render with scripts. */
const active = /^(?:text\/html|application\/xhtml|image\/svg|text\/xml|application\/xml)/i;

/** Headers of everything that comes from the API, so that a page there cannot act. */
export const quietHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
};

export interface AnswerFacts {
  readonly auditId: string;
  /** Where the API is mounted, such as `/k8s`. */
  readonly mount: string;
  /** Origin of the API server, for redirects to itself. */
  readonly upstreamOrigin: string;
  /** The client is a browser with a session cookie. */
  readonly browser: boolean;
}

/** What of an answer is looked at. */
export interface AnswerLines {
  readonly status: number;
  /** Name in lower case, value, name, value. */
  readonly lines: readonly string[];
}

const quiet: readonly string[] = Object.entries(quietHeaders).flat();

/**
 * The header lines for the client: name, value, name, value.
 * @throws GatewayError GATEWAY_UPSTREAM_REDIRECT
 */
export function answerHeaders({ status, lines }: AnswerLines, facts: AnswerFacts): string[] {
  let headers = [...quiet, 'audit-id', facts.auditId];
  let location: string | undefined;
  let attached = false;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] ?? '';
    const value = lines[at + 1] ?? '';
    if (name === 'content-type' && active.test(value)) attached = true;
    if (name === 'location') location ??= value;
    else if (passed.has(name)) headers.push(name, value);
  }
  if (facts.browser) headers = withHeader(headers, 'cache-control', 'no-store');
  if (attached) headers = withHeader(headers, 'content-disposition', 'attachment');
  const moved = location === undefined ? undefined : movedTo(location, facts);
  if (moved !== undefined) headers.push('location', moved);
  else if (isRedirect(status)) throw leadsOut();
  return headers;
}

/** The lines with one of that name and no other. */
export function withHeader(headers: readonly string[], name: string, value: string): string[] {
  const others = headers.filter((_text, at) => headers[at - (at % 2)] !== name);
  return [...others, name, value];
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** The same place below our mount; undefined when it is not in the API. */
function movedTo(location: string, facts: AnswerFacts): string | undefined {
  const path = location.startsWith(`${facts.upstreamOrigin}/`)
    ? location.slice(facts.upstreamOrigin.length)
    : location;
  try {
    const { segments, raw } = parseTarget(path);
    const inApi = segments[0] === 'api' || segments[0] === 'apis';
    return inApi ? `${facts.mount}${raw}` : undefined;
  } catch (thrown) {
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}

function leadsOut(): GatewayError {
  return new GatewayError(
    'GATEWAY_UPSTREAM_REDIRECT',
    'the API server answered with a redirect that is not followed',
  );
}
