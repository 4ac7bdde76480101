/** The token-request face, put together: one TLS (or plain) server before one API server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import { sendText, startHttpServer, type TlsIdentity } from '#http/index.ts';
import { parseTrustedProxies } from './client-address.ts';
import { TokenRequestError } from './errors.ts';
import { TokenRequestHandler } from './handler.ts';
import type { TokenRequestPolicy } from './policy.ts';
import { RequestLimits, type RequestRates } from './request-limits.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

export interface TokenRequestServerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface TokenRequestFaceOptions {
  /** Public prefix, such as `/kubernetes`. */
  readonly prefix: string;
  readonly upstream: UpstreamOptions;
  readonly policy: TokenRequestPolicy;
  readonly rates: RequestRates;
  /** Ranges of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
}

export interface TokenRequestServerOptions extends TokenRequestFaceOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Absent: plain HTTP, for use behind something that ends TLS. */
  readonly tls?: TlsIdentity;
}

export interface RunningTokenRequestServer extends Running {
  /** `https://host:port`, or `http:` without TLS. */
  readonly origin: string;
  readonly port: number;
  /** New handshakes use this from now on. @throws HttpError HTTP_TLS_INVALID, the old one stays */
  setTls(identity: TlsIdentity): void;
}

/** A body has a few hundred bytes; who needs longer does not mean to send one. Milliseconds. */
const requestTimeoutMs = 10_000;
const headersBytesMax = 24 * 1024;

/** The face without a server of its own, for one that serves more. */
export interface TokenRequestFace {
  /** Paths below this, and this itself, are its own. */
  readonly prefix: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly close: () => void;
}

/** @throws TokenRequestError TOKENREQUEST_OPTION_INVALID */
export function createTokenRequestFace(
  deps: TokenRequestServerDeps,
  options: TokenRequestFaceOptions,
): TokenRequestFace {
  const prefix = checkPrefix(options.prefix);
  const upstream = new Upstream(options.upstream);
  const handler = new TokenRequestHandler(
    {
      clock: deps.clock,
      log: deps.log,
      requests: deps.metrics.counter(
        'drawbridge_token_requests_total',
        'Requests for tokens by the HTTP status of their answer.',
        ['status'],
      ),
      limits: new RequestLimits(options.rates),
      upstream,
      trustedProxies: parseTrustedProxies(options.trustedProxies),
    },
    { prefix, policy: options.policy, corsOrigins: options.corsOrigins },
  );
  return {
    prefix,
    handle: (request, response) => handler.handle(request, response),
    close: () => upstream.close(),
  };
}

/**
 * Binds and serves. `/healthz` answers beside the prefix.
 * @throws HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID; TokenRequestError
 */
export async function startTokenRequestServer(
  deps: TokenRequestServerDeps,
  options: TokenRequestServerOptions,
): Promise<RunningTokenRequestServer> {
  const face = createTokenRequestFace(deps, options);
  const server = await startHttpServer(
    {
      logger: deps.log,
      handle: async (request, response) => {
        if (request.url === '/healthz') sendText(response, 200, 'ok\n');
        else await face.handle(request, response);
      },
    },
    {
      host: options.host,
      port: options.port,
      limits: { requestTimeoutMs, headersBytesMax },
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    },
  );
  return {
    origin: server.origin,
    port: server.port,
    setTls: (identity) => server.setTls(identity),
    stop: async (stopOptions) => {
      await server.stop(stopOptions);
      face.close();
    },
  };
}

/** @throws TokenRequestError TOKENREQUEST_OPTION_INVALID */
function checkPrefix(prefix: string): string {
  if (/^(\/[a-z0-9][a-z0-9._-]*)+$/i.test(prefix)) return prefix;
  throw new TokenRequestError(
    'TOKENREQUEST_OPTION_INVALID',
    `the prefix ${JSON.stringify(prefix)} must be a path such as /kubernetes, without a slash at its end`,
  );
}
