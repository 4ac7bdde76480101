/**
 * The process that exposes the TokenRequest API and nothing else. It holds no credential: neither a
 * kubeconfig nor a service account is read, only where the API server is and which CA it has.
 */
import { parse } from 'yaml';
import { messageOf } from '#base/errors.ts';
import { createMetrics, type RunningLogger } from '#telemetry/index.ts';
import {
  parsePolicy,
  type RequestRates,
  startTokenRequestServer,
  TokenRequestError,
  type TokenRequestPolicy,
} from '#token-request/index.ts';
import { startMetricsEndpoint } from '../metrics-endpoint.ts';
import { runUntilStopped } from '../run-until-stopped.ts';
import type { RunningStack } from '../running-stack.ts';
import { systemClock } from '../system.ts';
import { followTlsFiles, readCas, readText, readTlsFiles } from '../tls-files.ts';

export interface TokenRequestProcessOptions {
  readonly listen: string;
  /** 0 is any free one. */
  readonly port: number;
  readonly prefix: string;
  readonly apiServer: URL;
  /** PEM bundle; absent: the system's roots. */
  readonly apiServerCaFile?: string;
  readonly apiServerName?: string;
  /** Absent: plain HTTP. */
  readonly tlsFiles?: { readonly cert: string; readonly key: string };
  readonly policyFile?: string;
  readonly rates: RequestRates;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Absent: no metrics. */
  readonly metricsPort?: number;
}

/** Runs until SIGINT or SIGTERM. @returns 0 when told to stop, 1 when it could not start */
export function runTokenRequest(options: TokenRequestProcessOptions): Promise<number> {
  return runUntilStopped({ component: 'token-request' }, (log, stack) =>
    serve(options, log, stack),
  );
}

async function serve(
  options: TokenRequestProcessOptions,
  log: RunningLogger,
  stack: RunningStack,
): Promise<void> {
  const metrics = createMetrics({ processMetrics: true });
  const { apiServerCaFile: caFile, apiServerName, tlsFiles } = options;
  if (caFile !== undefined) await readCas(caFile, 'the CA bundle');
  const tls = tlsFiles === undefined ? undefined : await readTlsFiles(tlsFiles);
  const server = await startTokenRequestServer(
    { clock: systemClock, log, metrics },
    {
      host: options.listen,
      port: options.port,
      prefix: options.prefix,
      policy: await readPolicy(options.policyFile),
      rates: options.rates,
      trustedProxies: options.trustedProxies,
      corsOrigins: options.corsOrigins,
      upstream: {
        url: options.apiServer,
        ...(caFile === undefined ? {} : { ca: () => readCas(caFile, 'the CA bundle') }),
        ...(apiServerName === undefined ? {} : { serverName: apiServerName }),
      },
      ...(tls === undefined ? {} : { tls }),
    },
  );
  stack.add('token request server', server);
  if (tlsFiles !== undefined) {
    stack.add(
      'TLS files',
      followTlsFiles(log, tlsFiles, (identity) => server.setTls(identity)),
    );
  }
  if (options.metricsPort !== undefined) {
    const endpoint = await startMetricsEndpoint(
      { log, metrics, unhealthy: () => undefined },
      { host: options.listen, port: options.metricsPort },
    );
    stack.add('metrics', endpoint);
  }
  process.stdout.write(
    `drawbridge exposes the TokenRequest API of ${options.apiServer.origin} at ${server.origin}${options.prefix}\n`,
  );
}

async function readPolicy(file: string | undefined): Promise<TokenRequestPolicy> {
  if (file === undefined) return {};
  const text = await readText(file, 'the policy');
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 10 });
  } catch (cause) {
    throw new TokenRequestError(
      'TOKENREQUEST_POLICY_INVALID',
      `policy: ${file} is not YAML: ${messageOf(cause).split('\n', 1)[0]}`,
      { cause },
    );
  }
  return parsePolicy(value);
}
