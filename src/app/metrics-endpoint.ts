/** Metrics and health of `drawbridge up` over plain HTTP: /metrics, /healthz, /readyz. */
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { sendText, startHttpServer } from '#http/index.ts';
import type { Metrics } from '#telemetry/index.ts';

export interface MetricsEndpoint extends Running {
  /** `http://host:port/metrics` */
  readonly url: string;
}

export interface MetricsEndpointDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What is wrong, or undefined. */
  readonly unhealthy: () => string | undefined;
}

/** @throws HttpError HTTP_LISTEN_FAILED */
export async function startMetricsEndpoint(
  deps: MetricsEndpointDeps,
  options: { readonly host: string; readonly port: number },
): Promise<MetricsEndpoint> {
  const server = await startHttpServer(
    {
      logger: deps.log,
      handle: async (request, response) => {
        const path = (request.url ?? '/').split('?')[0];
        if (request.method !== 'GET' && request.method !== 'HEAD') {
          sendText(response, 405, 'only GET is supported\n');
        } else if (path === '/metrics') {
          response.setHeader('content-type', deps.metrics.contentType);
          response.end(await deps.metrics.scrape());
        } else if (path === '/healthz' || path === '/readyz') {
          const problem = deps.unhealthy();
          sendText(response, problem === undefined ? 200 : 503, `${problem ?? 'ok'}\n`);
        } else {
          sendText(response, 404, 'try /metrics, /healthz or /readyz\n');
        }
      },
    },
    options,
  );
  return {
    url: `${server.origin}/metrics`,
    stop: (stopOptions) => server.stop(stopOptions),
  };
}
