/**
 * `gateway` with the flags of kube-gateway: everything behind the word is read as that program reads
 * it, so that its command lines and manifests go on working.
 */
import { isIP } from 'node:net';
import { usageError } from '../../errors.ts';
import { readGoFlags } from '../../input/go-flags.ts';
import { portProblems } from '../../input/port.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';

const kinds = {
  help: 'boolean',
  'public-dir': 'text',
  'base-path': 'text',
  'api-path': 'text',
  'client-path': 'text',
  'api-server': 'text',
  'api-server-skip-verify-tls': 'boolean',
  'api-server-ca-file': 'text',
  'api-server-bearer-token-file': 'text',
  'gateway-listen': 'text',
  'gateway-cert-file': 'text',
  'gateway-key-file': 'text',
  'jwt-public-key-name': 'text',
  'jwt-public-key-namespace': 'text',
  'jwt-public-key-filename': 'text',
  'jwt-request-enable': 'boolean',
  'jwt-private-key-name': 'text',
  'jwt-private-key-namespace': 'text',
  'jwt-private-key-filename': 'text',
  // Ours: keys that are files here.
  'jwt-public-key-file': 'text',
  'jwt-private-key-file': 'text',
  'audit-file': 'text',
  host: 'text',
  v: 'text',
} as const;

const refusedFlags: Readonly<Record<string, string>> = {
  'oauth-server-enable':
    'logging in through an OAuth server is not part of this face: hand out links instead',
  vmodule: 'logs are JSON lines on standard error and have one level: use -v',
  logtostderr: 'logs go to standard error always: leave it out',
  alsologtostderr: 'logs go to standard error always: leave it out',
  stderrthreshold: 'logs go to standard error always: leave it out',
  log_dir: 'logs go to standard error always: redirect it',
  log_backtrace_at: 'leave it out',
};

const hint = "see 'drawbridge gateway -help'";

/** True when the words behind `gateway` are flags of kube-gateway and not a verb. */
export function isKubeGatewayLine(args: readonly string[]): boolean {
  const [first = ''] = args;
  const name = /^--?([\w-]+)/.exec(first)?.[1] ?? '';
  if (first === '--help' || first === '-h') return false;
  return (
    Object.hasOwn(kinds, name) || name.startsWith('oauth-') || Object.hasOwn(refusedFlags, name)
  );
}

export const kubeGatewayHelp = `Usage: drawbridge gateway [flags of kube-gateway]

Serves the routes of kube-gateway: /auth/jwt/request, /auth/jwt/set, /login, the API below
-api-path, and static pages. Flags take one or two dashes.

  -api-server URL                   API server (https://kubernetes.default.svc)
  -api-server-ca-file FILE          PEM bundle of its CA (ca.crt); empty: the system's
  -api-server-skip-verify-tls       do not check its certificate
  -api-server-bearer-token-file F   token of the gateway's account, read again when it changes (token)
  -gateway-listen URL               where to listen (https://0.0.0.0:8080)
  -gateway-cert-file, -gateway-key-file FILE   serving pair (tls.crt, tls.key), read again
  -jwt-public-key-name, -namespace, -filename  Secret with the verification key
                                    (kube-gateway-jwt, kube-gateway, tls.crt)
  -jwt-request-enable               serve /auth/jwt/request
  -jwt-private-key-name, -namespace, -filename Secret with the signing key
                                    (kube-gateway-jwt-private, kube-gateway, tls.key)
  -public-dir DIR                   static pages (./web/public)
  -base-path, -api-path, -client-path PATH     /, /k8s/, /noVNC/vnc_lite.html
  -v N                              4 or more: debug lines

Beyond the original:
  -jwt-public-key-file, -jwt-private-key-file FILE   keys that are files
  -host NAMES                       host names that are served, with commas (default: any)
  -audit-file FILE                  where one JSON line for each request goes
`;

/** Runs it until it is told to stop. @returns the exit code @throws CliError CLI_USAGE */
export async function runKubeGatewayLine(args: readonly string[], io: CliIo): Promise<number> {
  for (const arg of args) {
    const name = /^--?([\w-]+)/.exec(arg)?.[1] ?? '';
    const known = name.startsWith('oauth-') ? 'oauth-server-enable' : name;
    const why = Object.hasOwn(refusedFlags, known) ? refusedFlags[known] : undefined;
    if (why !== undefined) throw usageError([`-${name} is not served`], why);
  }
  const flags = readGoFlags(args, kinds, hint);
  if (flags.help === 'true') {
    io.stdout.write(kubeGatewayHelp);
    return 0;
  }
  const options = readOptions(flags);
  const { runKubeGateway } = await import('#app/index.ts');
  return runKubeGateway(options);
}

function readOptions(flags: Partial<Record<keyof typeof kinds, string>>) {
  const problems = new Problems();
  const apiServer = flags['api-server'] ?? 'https://kubernetes.default.svc';
  if (!/^https?:\/\/[^/]+$/.test(apiServer) || !URL.canParse(apiServer)) {
    problems.add(`-api-server is not valid: "${apiServer}" is not a plain URL`);
  }
  const listen = listenAt(problems, flags['gateway-listen'] ?? 'https://0.0.0.0:8080');
  const level = flags.v ?? '0';
  if (!/^\d{1,2}$/.test(level)) problems.add(`-v is not valid: "${level}" is not a number`);
  const item = (which: 'public' | 'private', name: string, file: string) => ({
    name: flags[`jwt-${which}-key-name`] ?? name,
    namespace: flags[`jwt-${which}-key-namespace`] ?? 'kube-gateway',
    item: flags[`jwt-${which}-key-filename`] ?? file,
  });
  problems.throwIfAny(hint);
  const publicKeyFile = flags['jwt-public-key-file'];
  const privateKeyFile = flags['jwt-private-key-file'];
  const publicDir = flags['public-dir'];
  const auditFile = flags['audit-file'];
  return {
    ...listen,
    apiServer,
    caFile: flags['api-server-ca-file'] ?? 'ca.crt',
    skipVerify: flags['api-server-skip-verify-tls'] === 'true',
    tokenFile: flags['api-server-bearer-token-file'] ?? 'token',
    tlsFiles: {
      cert: flags['gateway-cert-file'] ?? 'tls.crt',
      key: flags['gateway-key-file'] ?? 'tls.key',
    },
    keys: {
      verification: item('public', 'kube-gateway-jwt', 'tls.crt'),
      signing: item('private', 'kube-gateway-jwt-private', 'tls.key'),
      ...(publicKeyFile === undefined ? {} : { verificationFile: publicKeyFile }),
      ...(privateKeyFile === undefined ? {} : { signingFile: privateKeyFile }),
    },
    mints: flags['jwt-request-enable'] === 'true',
    apiPath: flags['api-path'] ?? '/k8s/',
    basePath: flags['base-path'] ?? '/',
    clientPath: flags['client-path'] ?? '/noVNC/vnc_lite.html',
    ...(publicDir === undefined ? {} : { publicDir }),
    hosts: (flags.host ?? '').split(',').filter((host) => host !== ''),
    ...(auditFile === undefined ? {} : { auditFile }),
    debug: Number(level) >= 4,
  };
}

function listenAt(problems: Problems, text: string) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'https:';
  const host = (url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
  if (!url || (!secure && url.protocol !== 'http:') || isIP(host) === 0) {
    problems.add(`-gateway-listen is not valid: "${text}" is not like https://0.0.0.0:8080`);
    return { listen: '', port: 0, secure: true };
  }
  const port = url.port === '' ? (secure ? '443' : '80') : url.port;
  problems.add(...portProblems('-gateway-listen', port, 0));
  // Tokens would go over the network for everybody to read.
  if (!secure && !host.startsWith('127.') && host !== '::1') {
    problems.add(`-gateway-listen is not valid: without TLS only loopback addresses are served`);
  }
  return { listen: host, port: Number(port), secure };
}
