/** Objects that controller tests make. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type Certificate,
  certificate,
  type Connector,
  type Link,
  link,
  type Listener,
  type MultiKeyListener,
  type Site,
  site,
} from '#apis/index.ts';
import { type Secret, secret, type Service } from '#kube/index.ts';
import type { TlsTexts } from '../support/service-tls.ts';
import type { SiteWorld } from './site-world.ts';

const apiVersion = 'skupper.io/v2alpha1';

export const newSite = (namespace: string, name: string, spec: Site['spec'] = {}): Site => ({
  apiVersion,
  kind: 'Site',
  metadata: { name, namespace },
  spec,
});

export const newLink = (
  namespace: string,
  name: string,
  spec: NonNullable<Link['spec']>,
): Link => ({ apiVersion, kind: 'Link', metadata: { name, namespace }, spec });

export const newListener = (
  namespace: string,
  name: string,
  spec: NonNullable<Listener['spec']>,
): Listener => ({ apiVersion, kind: 'Listener', metadata: { name, namespace }, spec });

export const newConnector = (
  namespace: string,
  name: string,
  spec: NonNullable<Connector['spec']>,
): Connector => ({ apiVersion, kind: 'Connector', metadata: { name, namespace }, spec });

export const newMultiKeyListener = (
  namespace: string,
  name: string,
  spec: MultiKeyListener['spec'],
): MultiKeyListener => ({
  apiVersion,
  kind: 'MultiKeyListener',
  metadata: { name, namespace },
  spec,
});

/** A TLS Secret with those of the texts that are given. */
export function tlsSecretOf(name: string, texts: Partial<TlsTexts>, namespace = 'ns'): Secret {
  const { ca, cert, key } = texts;
  const data: Record<string, string> = {};
  const put = (file: string, text: string | undefined): void => {
    if (text !== undefined) data[file] = Buffer.from(text).toString('base64');
  };
  put('ca.crt', ca);
  put('tls.crt', cert);
  put('tls.key', key);
  const metadata = { name, namespace };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data };
}

/** Makes a site that accepts links, and waits until it is Ready. */
export async function createOpenSite(world: SiteWorld, namespace: string): Promise<Site> {
  await world.namespace(namespace);
  await world.client.create(site, newSite(namespace, namespace, { linkAccess: 'default' }));
  return world.eventually(
    site,
    namespace,
    namespace,
    `${namespace} Ready`,
    ({ status }) => status?.status === 'Ready' && (status.endpoints ?? []).length > 0,
  );
}

/** A client certificate signed by the CA of `from`, as a Secret in the namespace `to`. */
export async function shareCredentials(
  world: SiteWorld,
  from: string,
  to: string,
  name: string,
): Promise<void> {
  const wanted: Certificate = {
    apiVersion,
    kind: 'Certificate',
    metadata: { name, namespace: from },
    spec: { ca: 'skupper-site-ca', subject: to, client: true },
  };
  await world.client.create(certificate, wanted);
  const made = await world.eventually(
    secret,
    from,
    name,
    'link credentials',
    ({ data }) => data !== undefined,
  );
  const copy: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: to },
    type: 'kubernetes.io/tls',
    data: { ...made.data },
  };
  await world.client.create(secret, copy);
}

/** Links `to` to `from` as a token would, without waiting. */
export async function createLink(
  world: SiteWorld,
  from: Site,
  to: string,
  name: string,
): Promise<void> {
  const namespace = from.metadata.namespace ?? '';
  await shareCredentials(world, namespace, to, name);
  const endpoints = (from.status?.endpoints ?? []).map((endpoint) => ({ ...endpoint }));
  await world.client.create(link, newLink(to, name, { endpoints, tlsCredentials: name }));
}

/** A TCP server that sends back what it gets; its port. */
export async function echoServer(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** True when bytes sent to the address come back. */
export async function echoes(host: string, port: number): Promise<boolean> {
  const sent = randomBytes(64).toString('hex');
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    let received = '';
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => socket.write(sent));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      if (received === sent) end(true);
    });
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}

/** Where clients reach a Service on this machine. */
export function addressOf(front: Service): { host: string; port: number } {
  return { host: front.spec?.clusterIP ?? '', port: front.spec?.ports?.[0]?.port ?? 0 };
}
