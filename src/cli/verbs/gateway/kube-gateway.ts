/**
 * `gateway` with the flags of kube-gateway: everything behind the word is read as that program reads
 * it, so that its command lines and manifests go on working.
 */
import { isIP } from 'node:net';
import { Secret } from '#base/secret.ts';
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
  'oauth-server-enable': 'boolean',
  'oauth-server-callback-address': 'text',
  'oauth-server-auth-url': 'text',
  'oauth-server-token-url': 'text',
  'oauth-server-client-id': 'text',
  'oauth-server-client-secret': 'text',
  // Ours: the CA of the OAuth server, and keys that are files here.
  'oauth-server-ca-file': 'text',
  'jwt-public-key-file': 'text',
  'jwt-private-key-file': 'text',
  'audit-file': 'text',
  host: 'text',
  v: 'text',
} as const;

const refusedFlags: Readonly<Record<string, string>> = {
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
  return Object.hasOwn(kinds, name) || Object.hasOwn(refusedFlags, name);
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
  -oauth-server-enable              people log in at /auth/login and act with their own token; needs TLS
  -oauth-server-client-id, -client-secret      OAuth client (kube-gateway); the secret has no default
  -oauth-server-callback-address URL           by which browsers come here (https://localhost:8080)
  -oauth-server-auth-url, -token-url URL       OAuth server; empty: asked for at the API server
  -public-dir DIR                   static pages (./web/public)
  -base-path, -api-path, -client-path PATH     /, /k8s/, /noVNC/vnc_lite.html
  -v N                              4 or more: debug lines

Beyond the original:
  -jwt-public-key-file, -jwt-private-key-file FILE   keys that are files
  -oauth-server-ca-file FILE        PEM CAs of the OAuth server; without: those of the system
  -host NAMES                       host names that are served, with commas (default: any)
  -audit-file FILE                  where one JSON line for each request goes
`;

/** Runs it until it is told to stop. @returns the exit code @throws CliError CLI_USAGE */
export async function runKubeGatewayLine(args: readonly string[], io: CliIo): Promise<number> {
  for (const arg of args) {
    const name = /^--?([\w-]+)/.exec(arg)?.[1] ?? '';
    const why = Object.hasOwn(refusedFlags, name) ? refusedFlags[name] : undefined;
    if (why !== undefined) throw usageError([`-${name} is not served`], why);
  }
  const flags = readGoFlags(args, kinds, hint);
  if (flags.help === 'true') {
    io.stdout.write(kubeGatewayHelp);
    return 0;
  }
  const options = readOptions(flags);
  for (const told of idleFlags(flags)) io.stderr.write(`drawbridge: ${told}\n`);
  const { runKubeGateway } = await import('#app/index.ts');
  return runKubeGateway(options);
}

function readOptions(flags: Partial<Record<keyof typeof kinds, string>>) {
  const problems = new Problems();
  const apiServer = (flags['api-server'] ?? 'https://kubernetes.default.svc').replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(apiServer) || !URL.canParse(apiServer)) {
    problems.add(`-api-server is not valid: "${apiServer}" is not a URL such as https://HOST:6443`);
  }
  const listen = listenAt(problems, flags['gateway-listen'] ?? 'https://0.0.0.0:8080');
  const level = flags.v ?? '0';
  if (!/^\d{1,2}$/.test(level)) problems.add(`-v is not valid: "${level}" is not a number`);
  const item = (which: 'public' | 'private', name: string, file: string) => ({
    name: flags[`jwt-${which}-key-name`] ?? name,
    namespace: flags[`jwt-${which}-key-namespace`] ?? 'kube-gateway',
    item: flags[`jwt-${which}-key-filename`] ?? file,
  });
  const oauth = oauthOf(problems, flags, listen.secure);
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
    ...(oauth === undefined ? {} : { oauth }),
  };
}

/** Flags by the switch without which they do nothing, as in the original; namespaces stay closed. */
const idleWithout = {
  'oauth-server-enable': /^oauth-server-(?!enable$)/,
  'jwt-request-enable': /^jwt-private-key-(?!namespace$)/,
} as const;

/** Sentences about flags that were given and do nothing. */
function idleFlags(flags: Partial<Record<keyof typeof kinds, string>>): readonly string[] {
  const given = Object.keys(flags);
  const idle = Object.entries(idleWithout).flatMap(([enable, names]) =>
    flags[enable as keyof typeof idleWithout] === 'true'
      ? []
      : given.filter((name) => names.test(name)).map((name) => [name, `without -${enable}`]),
  );
  if (flags['oauth-server-enable'] === 'true') {
    const keys = given.filter((name) => /^jwt-(?:public-key-(?!namespace$)|request-)/.test(name));
    idle.push(...keys.map((name) => [name, 'with -oauth-server-enable']));
  }
  if (flags['api-server-skip-verify-tls'] === 'true' && flags['api-server-ca-file'] !== undefined) {
    idle.push(['api-server-ca-file', 'with -api-server-skip-verify-tls']);
  }
  return idle.map(([name, why]) => `-${name} does nothing ${why}`);
}

function oauthOf(
  problems: Problems,
  flags: Partial<Record<keyof typeof kinds, string>>,
  secure: boolean,
) {
  if (flags['oauth-server-enable'] !== 'true') return undefined;
  const secret = flags['oauth-server-client-secret'] ?? '';
  // The default of the original is known to everybody.
  if (secret === '' || secret === 'top-secret') {
    problems.add('-oauth-server-client-secret is needed, and top-secret is none');
  }
  if (!secure) problems.add('-oauth-server-enable needs TLS: give an https -gateway-listen');
  const callback = flags['oauth-server-callback-address'] ?? 'https://localhost:8080';
  if (!/^https:\/\/[^/?#@]+$/.test(callback) || !URL.canParse(callback)) {
    problems.add(`-oauth-server-callback-address is not valid: "${callback}" is not https://HOST`);
  }
  const [authUrl, tokenUrl] = [
    flags['oauth-server-auth-url'] ?? '',
    flags['oauth-server-token-url'] ?? '',
  ];
  for (const url of [authUrl, tokenUrl]) {
    if (url === '' || (url.startsWith('https://') && URL.canParse(url))) continue;
    problems.add(`-oauth-server-auth-url and -token-url: "${url}" is not an https URL`);
  }
  const caFile = flags['oauth-server-ca-file'];
  return {
    authUrl,
    tokenUrl,
    callbackAddress: callback,
    clientId: flags['oauth-server-client-id'] ?? 'kube-gateway',
    clientSecret: new Secret(secret),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

function listenAt(problems: Problems, text: string) {
  // As in Go, no host means every address.
  const whole = text.replace(/^https?:\/\/(?=:\d)/, (scheme) => `${scheme}0.0.0.0`);
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  const secure = url?.protocol === 'https:';
  const named = (url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
  const host = named === 'localhost' ? '127.0.0.1' : named;
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
