/**
 * Headers of an answer towards the client: what may pass of the API server's, and what makes it
 * harmless in a browser.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';
import { parseTarget } from '../request/target.ts';

const passed = [
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
] as const;

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

/** @throws GatewayError GATEWAY_UPSTREAM_REDIRECT */
export function answerHeaders(answer: IncomingMessage, facts: AnswerFacts): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {
    ...quietHeaders,
    'audit-id': facts.auditId,
  };
  for (const name of passed) {
    const values = answer.headersDistinct[name];
    if (values !== undefined) headers[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  if (facts.browser) headers['cache-control'] = 'no-store';
  if (active.test(answer.headers['content-type'] ?? '')) {
    headers['content-disposition'] = 'attachment';
  }
  const { location } = answer.headers;
  if (location !== undefined) {
    const moved = movedTo(location, facts);
    if (moved !== undefined) headers['location'] = moved;
    else if (isRedirect(answer.statusCode)) throw leadsOut();
  } else if (isRedirect(answer.statusCode)) throw leadsOut();
  return headers;
}

function isRedirect(status = 0): boolean {
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
