/**
 * Where the API server is and how to be somebody there. Kubeconfig parsing and its many ways to
 * authenticate are client-node's; it is loaded only when a kubeconfig is used, because loading it
 * costs more than everything else here together.
 */
import type { RequestOptions } from 'node:https';
import { messageOf } from '#base/errors.ts';
import { KubeClientError } from './errors.ts';
import { kubeconfigUser } from './kubeconfig-user.ts';
import { readTokenFile } from './token-file.ts';

/** What a request needs besides its path: TLS material and headers. */
export interface KubeCredentials {
  readonly tls: Pick<
    RequestOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'rejectUnauthorized' | 'servername'
  >;
  /** A header with several values is sent in as many lines. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Carries the connections instead of ours: the kubeconfig names a proxy. */
  readonly agent?: RequestOptions['agent'];
}

export interface KubeConnection {
  /** Base address such as `https://127.0.0.1:6440`, without a trailing slash. */
  readonly server: string;
  /** Namespace of the context; `default` when it names none. */
  readonly namespace: string;
  /** Connections go by the agent of the credentials: the kubeconfig names a proxy. */
  readonly proxied?: boolean;
  /** The credentials say whom to impersonate. */
  readonly impersonates?: boolean;
  /** The server's certificate is not checked. */
  readonly insecure?: boolean;
  /** Asked before requests, so that credentials which expire are renewed; at once when they are known. */
  credentials(): KubeCredentials | Promise<KubeCredentials>;
}

export interface DirectConnectionOptions {
  readonly server: string;
  /** PEM of the CA that signed the server's certificate. */
  readonly ca: string;
  /** PEM of the client certificate and its key. */
  readonly cert: string;
  readonly key: string;
  readonly namespace?: string;
}

/** A connection by client certificate, without a kubeconfig. */
export function directConnection(options: DirectConnectionOptions): KubeConnection {
  const { ca, cert, key } = options;
  const credentials: KubeCredentials = { tls: { ca, cert, key }, headers: {} };
  return {
    server: options.server.replace(/\/+$/, ''),
    namespace: options.namespace ?? 'default',
    credentials: () => credentials,
  };
}

export interface KubeconfigOptions {
  /** File to read; absent: KUBECONFIG, then ~/.kube/config, then the pod's service account. */
  readonly path?: string;
  /** Text to use instead of a file. */
  readonly text?: string;
  /** Context to use; absent: the current one. */
  readonly context?: string;
}

/** @throws KubeClientError KUBE_CONFIG */
export async function connectionFromKubeconfig(
  options: KubeconfigOptions = {},
): Promise<KubeConnection> {
  const { KubeConfig, loadYaml } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (options.text !== undefined) config.loadFromString(options.text);
    else if (options.path === undefined) config.loadFromDefault();
    else config.loadFromFile(options.path);
    if (options.context !== undefined) config.setCurrentContext(options.context);
  } catch (thrown) {
    throw new KubeClientError('KUBE_CONFIG', `kubeconfig: ${messageOf(thrown)}`, { cause: thrown });
  }
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (context === null || cluster === null) {
    const name: string | undefined = options.context ?? config.getCurrentContext();
    const what = name ? `no usable context "${name}"` : 'no current context';
    throw new KubeClientError('KUBE_CONFIG', `kubeconfig has ${what}`);
  }
  const mounted: unknown = config.getCurrentUser()?.authProvider?.config?.tokenFile;
  const user = await kubeconfigUser(options, context.user, loadYaml);
  const tokenFile = typeof mounted === 'string' ? mounted : user.tokenFile;
  const proxied = cluster.proxyUrl !== undefined && cluster.proxyUrl !== '';
  const read = async (): Promise<KubeCredentials> => {
    const applied: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(applied);
    const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
    return {
      tls: tlsOf(applied),
      headers: {
        ...headersOf(applied),
        ...user.impersonation,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(proxied ? { agent: applied.agent } : {}),
    };
  };
  let kept:
    | { readonly credentials: KubeCredentials; readonly readMs: number; untilMs: number }
    | undefined;
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context.namespace ?? 'default',
    proxied,
    impersonates: Object.keys(user.impersonation).length > 0,
    insecure: cluster.skipTLSVerify,
    credentials: () => {
      const nowMs = performance.now();
      if (kept !== undefined && nowMs < kept.untilMs) return kept.credentials;
      return read().then(
        (credentials) => {
          kept = { credentials, readMs: nowMs, untilMs: nowMs + credentialsMsMax };
          return credentials;
        },
        (thrown: unknown) => {
          // Files that are being replaced are away or empty for a moment.
          if (kept === undefined || nowMs - kept.readMs > staleMsMax) throw thrown;
          kept.untilMs = nowMs + retryMs;
          return kept.credentials;
        },
      );
    },
  };
}

/** How long credentials read from files or programs are used before they are read again. */
const credentialsMsMax = 10_000;
/** How long they are used on when they cannot be read again. */
const staleMsMax = 600_000;
const retryMs = 1_000;

function tlsOf(applied: RequestOptions): KubeCredentials['tls'] {
  const { ca, cert, key, passphrase, pfx, rejectUnauthorized, servername } = applied;
  const all = { ca, cert, key, passphrase, pfx, rejectUnauthorized, servername };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function headersOf(applied: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(applied.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value;
  }
  if (typeof applied.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(applied.auth).toString('base64')}`;
  }
  return headers;
}
