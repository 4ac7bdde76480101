/** A gateway over an API server, before that same server or before one that records bytes. */
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { noMetrics } from '#base/metrics.ts';
import {
  type GatewayDeps,
  type GatewayOptions,
  hashOf,
  newCode,
  type RunningGateway,
  revealHandle,
  startGateway,
} from '#gateway/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { silentLogger } from '#base/log.ts';
import { type KubeConnection, KubeClient } from '#kubeclient/index.ts';
import type { AskedApi } from './api-server.ts';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { gatewayTarget } from './gateway-target.ts';
import { gatewayVouching } from './gateway-vouching.ts';
import type { RawAnswer } from './raw-http.ts';
import { type RecorderUpstream, recorderUpstream } from './recorder-upstream.ts';
import { systemClock, systemRandom } from './system.ts';

export interface GatewayCall {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as the bearer. */
  readonly token?: string;
  /** Which replica; default the first. */
  readonly at?: RunningGateway;
}

export interface GatewayWorld {
  readonly api: AskedApi;
  /** Between the gateway and the API server that keeps its grants. */
  readonly way: CuttingProxy;
  readonly client: KubeClient;
  readonly gateway: RunningGateway;
  readonly gateways: readonly RunningGateway[];
  readonly recorder: RecorderUpstream | undefined;
  /** Makes a grant with a code. @returns its code */
  grant(name: string, spec: GatewayToken['spec']): Promise<string>;
  read(name: string): Promise<GatewayToken>;
  revoke(name: string): Promise<void>;
  call(path: string, call?: GatewayCall): Promise<HttpResponse>;
  /** Sends bytes as they are and reads until the connection closes. */
  raw(bytes: string): Promise<RawAnswer>;
}

export interface GatewaySetup {
  readonly replicas?: number;
  /** Requests go to a server that records what it gets. */
  readonly recorded?: boolean;
  readonly connection?: KubeConnection;
  readonly options?: Partial<GatewayOptions>;
  /** It is known who made grants and verdicts, as in production. */
  readonly vouched?: boolean;
  /** Told what is announced as Events. */
  readonly events?: GatewayDeps['events'];
}

/** Namespace of the grants in tests. */
export const grantNamespace = 'default';

export async function gatewayWorld(
  t: TestContext,
  setup: GatewaySetup = {},
): Promise<GatewayWorld> {
  const target = await gatewayTarget(t, setup.options?.identity === undefined);
  const { api, owner } = target;
  const { files } = api;
  const way = await cuttingProxy(t, Number(new URL(api.server.origin).port));
  const connection = { ...target.account, server: `https://127.0.0.1:${way.port}` };
  const client = new KubeClient(owner);
  const own = new KubeClient(connection);
  t.after(() => {
    client.close();
    own.close();
  });
  const recorder = setup.recorded === true ? await recorderUpstream(t) : undefined;
  const local =
    recorder === undefined
      ? (setup.connection ?? connection)
      : recordedConnection(recorder.url.origin, recorder.ca);
  const vouching = setup.vouched === true ? await gatewayVouching(t, target) : {};
  const gateways: RunningGateway[] = [];
  for (let at = 0; at < (setup.replicas ?? 1); at++) {
    const gateway = await startGateway(
      {
        client: own,
        events: setup.events ?? { record: () => undefined },
        ...vouching,
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
        metrics: noMetrics,
      },
      {
        host: '127.0.0.1',
        port: 0,
        tls: { cert: files.serverCert, key: files.serverKey, minVersion: 'TLSv1.2' },
        hosts: [],
        clusters: new Map([['local', local]]),
        identity: target.identity,
        issuing: connection,
        namespace: target.namespace,
        protectedNamespaces: ['drawbridge-system'],
        audit: { failClosed: false },
        ...setup.options,
      },
    );
    t.after(() => gateway.stop({ graceMs: 200 }));
    gateways.push(gateway);
  }
  const [gateway] = gateways;
  return {
    api,
    way,
    client,
    gateway: gateway!,
    gateways,
    recorder,
    grant: (name, spec) => makeGrant(client, name, spec),
    read: (name) => client.get(gatewayToken, { namespace: grantNamespace, name }),
    revoke: async (name) => {
      const key = { namespace: grantNamespace, name };
      await client.patch(gatewayToken, key, { spec: { revoked: true } });
    },
    call: (path, call = {}) => callGateway(call.at ?? gateway!, files.ca, path, call),
    raw: (bytes) => rawTls(gateway!.port, files.ca, bytes),
  };
}

/** The credential of the gateway towards the recorder. */
export const gatewayBearer = 'gateway-own-credential';

function recordedConnection(server: string, ca: string): KubeConnection {
  return {
    server,
    namespace: 'default',
    credentials: async () => ({
      tls: { ca },
      headers: { Authorization: `Bearer ${gatewayBearer}` },
    }),
  };
}

async function makeGrant(
  client: KubeClient,
  name: string,
  spec: GatewayToken['spec'],
): Promise<string> {
  const code = newCode(systemRandom, { namespace: grantNamespace, name });
  const made = await client.create(gatewayToken, {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { name, namespace: grantNamespace },
    spec,
  });
  // The gateway may be settling the status of the new grant at the same time.
  await client.patch(
    gatewayToken,
    { namespace: grantNamespace, name: made.metadata.name },
    { status: { codeHash: hashOf(code) } },
    { subresource: 'status' },
  );
  return revealHandle(code);
}

function callGateway(
  gateway: RunningGateway,
  ca: string,
  path: string,
  call: GatewayCall,
): Promise<HttpResponse> {
  const { token, body } = call;
  return httpsRequest({
    url: `${gateway.origin}${path}`,
    method: call.method ?? (body === undefined ? 'GET' : 'POST'),
    ca,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** The body as JSON. */
// oxlint-disable-next-line typescript/no-explicit-any
export function jsonIn(response: { readonly body: Buffer }): any {
  return JSON.parse(response.body.toString());
}

export function rawTls(port: number, ca: string, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.setTimeout(8000, () => socket.destroy(new Error(`no end of the answer: ${text}`)));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    // A reset after an answer is as good as a close.
    socket.on('error', (error) => (text === '' ? reject(error) : undefined));
    socket.on('close', () => {
      const split = text.indexOf('\r\n\r\n');
      resolve({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
        head: text.slice(0, split),
        body: text.slice(split + 4),
        text,
      });
    });
  });
}
