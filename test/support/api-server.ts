/** A real API server on loopback with its own certificates, for tests and trials. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { apiDefinitions } from '#apis/index.ts';
import {
  type ApiServerDeps,
  type ApiServerLimits,
  type ApiServerOptions,
  ensureServerFiles,
  openApiStore,
  type RunningApiServer,
  type ServerFiles,
  startApiServer,
} from '#apiserver/index.ts';
import { silentLogger } from '#base/log.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { builtinDefinitions, type KubeObject, Registry } from '#kube/index.ts';
import type { Store, StoreLimits } from '#store/index.ts';
import { systemClock, systemRandom } from './system.ts';

export interface ApiServerSetup {
  /** Data directory; absent: in memory. */
  readonly directory?: string;
  readonly limits?: Partial<ApiServerLimits>;
  readonly storeLimits?: Partial<StoreLimits>;
  readonly port?: number;
  readonly audit?: ApiServerOptions['audit'];
  readonly deps?: Partial<ApiServerDeps>;
}

/** A request as the owner of the machine. */
export interface ApiCall {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Without the owner's certificate. */
  readonly anonymous?: boolean;
}

/** JSON of whatever shape: tests say what they expect of it by comparing. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyJson = any;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: AnyJson;
}

/** An API server that a test asks, ours or a real one. */
export interface AskedApi {
  readonly server: { readonly origin: string };
  readonly files: ServerFiles;
  /** Has the folder `pki` with its CA. */
  readonly directory: string;
  readonly kubeconfig: string;
  call(path: string, call?: ApiCall): Promise<ApiAnswer>;
}

export interface TestApiServer extends AskedApi {
  readonly server: RunningApiServer;
  readonly store: Store<KubeObject>;
  stop(): Promise<void>;
}

/** Starts one; the caller stops it. */
export async function startTestApiServer(setup: ApiServerSetup = {}): Promise<TestApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-api-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const files = await ensureServerFiles(
    { clock: systemClock },
    { directory: join(directory, 'pki'), hosts: [] },
  );
  const store = await openApiStore(
    { clock: systemClock, logger: silentLogger },
    {
      ...(setup.directory === undefined ? {} : { directory: setup.directory }),
      limits: setup.storeLimits ?? {},
    },
  );
  const server = await startApiServer(
    {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      store,
      registry: new Registry([...builtinDefinitions, ...apiDefinitions]),
      ...setup.deps,
    },
    {
      host: '127.0.0.1',
      port: setup.port ?? 0,
      tls: { cert: files.serverCert, key: files.serverKey, clientCa: files.ca },
      version: '0.1.0',
      limits: setup.limits ?? {},
      ...(setup.audit === undefined ? {} : { audit: setup.audit }),
      kubeconfig: { path: kubeconfig, ca: files.ca, cert: files.adminCert, key: files.adminKey },
    },
  );
  const stop = async (): Promise<void> => {
    await server.stop({ graceMs: 500 });
    await store.stop({ graceMs: 0 });
    rmSync(directory, { recursive: true, force: true });
  };
  const call = (path: string, options: ApiCall = {}): Promise<ApiAnswer> =>
    askAsOwner(server.origin, files, path, options);
  return { server, store, files, directory, kubeconfig, call, stop };
}

/** Starts one for the length of a test. */
export async function apiServerFor(
  t: TestContext,
  setup: ApiServerSetup = {},
): Promise<TestApiServer> {
  const started = await startTestApiServer(setup);
  t.after(() => started.stop());
  return started;
}

/** A request as the owner of the machine. */
export async function askAsOwner(
  origin: string,
  files: ServerFiles,
  path: string,
  call: ApiCall,
): Promise<ApiAnswer> {
  const { body } = call;
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const answer = await httpsRequest({
    url: `${origin}${path}`,
    method: call.method ?? (body === undefined ? 'GET' : 'POST'),
    ca: files.ca,
    ...(call.anonymous ? {} : { cert: files.adminCert, key: files.adminKey }),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    bodyBytesMax: 64 * 1024 * 1024,
  });
  const text = answer.body.toString();
  return { status: answer.status, headers: answer.headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
