/** `token-request serve`: exposes the TokenRequest API of an API server and nothing else of it. */
import { isIP } from 'node:net';
import type { Command } from 'commander';
import { type GlobalFlags, refuseGlobals } from '../input/format.ts';
import { integerProblems } from '../input/name.ts';
import { portProblems } from '../input/port.ts';
import { Problems } from '../input/problems.ts';
import { repeated } from '../input/repeated.ts';
import type { CliIo, Outcome } from '../io.ts';

interface ServeFlags extends GlobalFlags {
  readonly listen: string;
  readonly port: string;
  readonly prefix: string;
  readonly apiServer?: string;
  readonly apiServerCaFile?: string;
  readonly apiServerName?: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly plainHttp: boolean;
  readonly policyFile?: string;
  readonly ratePerClient: string;
  readonly ratePerToken: string;
  readonly trustedProxy: readonly string[];
  readonly corsOrigin: readonly string[];
  readonly metricsPort?: string;
}

/** Where pods find the CA of their API server. */
const podCaFile = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';

/** Adds the verb to its group. */
export function addTokenRequestServe(group: Command, io: CliIo, outcome: Outcome): void {
  group
    .command('serve')
    .description('expose the TokenRequest API of an API server, and nothing else of it')
    .option('--listen <address>', 'IP address to listen on', '127.0.0.1')
    .option('--port <port>', 'port, 0 for any free one', '8444')
    .option('--prefix <path>', 'public path in front of /api/v1/...', '/kubernetes')
    .option('--api-server <url>', 'https URL of the API server (default: that of the pod)')
    .option('--api-server-ca-file <file>', 'PEM bundle of its CA (default: that of the pod)')
    .option('--api-server-name <name>', 'name in its certificate, when not the host of the URL')
    .option('--tls-cert-file <file>', 'PEM chain to serve with; read again when renewed')
    .option('--tls-key-file <file>', 'PEM key of --tls-cert-file')
    .option('--plain-http', 'serve without TLS, behind something that ends it', false)
    .option('--policy-file <file>', 'YAML: accounts, audiences, lifetimes that may be asked for')
    .option('--rate-per-client <count>', 'requests a minute of one address', '60')
    .option('--rate-per-token <count>', 'requests a minute with one bearer', '30')
    .option(
      '--trusted-proxy <range>',
      'believe X-Forwarded-For from here; may repeat',
      repeated,
      [],
    )
    .option('--cors-origin <origin>', 'pages of this origin may call; may repeat', repeated, [])
    .option('--metrics-port <port>', 'port of /metrics and /healthz (default: none)')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      `
It holds no credential: what reaches the API server is the caller's bearer or nothing.

Examples:
  drawbridge token-request serve --listen 0.0.0.0 --tls-cert-file tls.crt --tls-key-file tls.key
  drawbridge token-request serve --plain-http --api-server https://127.0.0.1:6440 \\
    --api-server-ca-file ca.crt`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ServeFlags>();
      refuseGlobals('token-request serve', flags);
      const options = readServeFlags(flags, io.env);
      const { runTokenRequest } = await import('#app/index.ts');
      outcome.exitCode = await runTokenRequest(options);
    });
}

/** The flags as values. @throws CliError CLI_USAGE naming everything that is wrong */
export function readServeFlags(flags: ServeFlags, env: CliIo['env']) {
  const problems = new Problems();
  problems.add(
    ...portProblems('--port', flags.port, 0),
    ...(flags.metricsPort === undefined
      ? []
      : portProblems('--metrics-port', flags.metricsPort, 0)),
    ...integerProblems('--rate-per-client', flags.ratePerClient, 1),
    ...integerProblems('--rate-per-token', flags.ratePerToken, 1),
  );
  if (isIP(flags.listen) === 0) {
    problems.add(`--listen is not valid: "${flags.listen}" is not an IP address`);
  }
  const apiServer = apiServerUrl(problems, flags, env);
  const tlsFiles = tlsPair(problems, flags);
  for (const origin of flags.corsOrigin) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      problems.add(
        `--cors-origin is not valid: "${origin}" is not an origin like https://a.example`,
      );
    }
  }
  problems.throwIfAny("see 'drawbridge token-request serve --help'");
  const caFile = flags.apiServerCaFile ?? (flags.apiServer === undefined ? podCaFile : undefined);
  const [clientPerMinute, tokenPerMinute] = [flags.ratePerClient, flags.ratePerToken].map(Number);
  return {
    listen: flags.listen,
    port: Number(flags.port),
    prefix: flags.prefix,
    apiServer: apiServer ?? new URL('https://kubernetes.default.svc'),
    ...(caFile === undefined ? {} : { apiServerCaFile: caFile }),
    ...(flags.apiServerName === undefined ? {} : { apiServerName: flags.apiServerName }),
    ...(tlsFiles === undefined ? {} : { tlsFiles }),
    ...(flags.policyFile === undefined ? {} : { policyFile: flags.policyFile }),
    rates: ratesOf(clientPerMinute ?? 1, tokenPerMinute ?? 1),
    trustedProxies: flags.trustedProxy,
    corsOrigins: flags.corsOrigin,
    ...(flags.metricsPort === undefined ? {} : { metricsPort: Number(flags.metricsPort) }),
  };
}

/** Half a minute's worth may come at once. */
function ratesOf(clientPerMinute: number, tokenPerMinute: number) {
  return {
    clientPerMinute,
    clientBurst: Math.ceil(clientPerMinute / 2),
    tokenPerMinute,
    tokenBurst: Math.ceil(tokenPerMinute / 2),
  };
}

function apiServerUrl(problems: Problems, flags: ServeFlags, env: CliIo['env']): URL | undefined {
  const { apiServer } = flags;
  if (apiServer === undefined) {
    if (env['KUBERNETES_SERVICE_HOST'] === undefined) {
      problems.add('--api-server is needed outside a pod: the https URL of the API server');
    }
    return undefined;
  }
  const url = URL.canParse(apiServer) ? new URL(apiServer) : undefined;
  const plain = url?.protocol === 'https:' && url.username === '' && url.search + url.hash === '';
  if (!plain) problems.add(`--api-server is not valid: "${apiServer}" is not a plain https URL`);
  return url;
}

function tlsPair(problems: Problems, flags: ServeFlags) {
  const { tlsCertFile: cert, tlsKeyFile: key, plainHttp } = flags;
  if (plainHttp) {
    if (cert !== undefined || key !== undefined) {
      problems.add('--plain-http and TLS files exclude each other');
    }
    return undefined;
  }
  if (cert === undefined || key === undefined) {
    problems.add(
      'give --tls-cert-file and --tls-key-file, or --plain-http behind something that ends TLS',
    );
    return undefined;
  }
  return { cert, key };
}
