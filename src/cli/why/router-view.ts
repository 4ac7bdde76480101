/**
 * A site's routers as their own management tells it, when they can be reached from here: with the
 * credentials of the namespace, at the address of their Service. Read only.
 */
import { randomBytes } from 'node:crypto';
import { messageOf } from '#base/errors.ts';
import { silentLogger } from '#base/log.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { type Attributes, managementClient } from '#management/index.ts';
import { type Secret, secretKind, type Service, serviceKind } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { textIn } from './credentials.ts';

/** Longest wait for the connection and for each answer; milliseconds. */
const waitMs = 3000;
const serviceName = 'skupper-router-local';
const secretName = 'skupper-local-client';
/** Ports of management: one, or one for each router. */
const portName = /^amqps(-\d+)?$/;
const types = ['router', 'connector', 'connection', 'tcpListener', 'tcpConnector'] as const;

/** Entities by type. */
export type RouterView = Readonly<Record<(typeof types)[number], readonly Attributes[]>>;

/** What a router says, or why it could not be asked. */
export type RouterAnswer = { readonly view: RouterView } | { readonly problem: string };

/** The answers of all routers of the namespace, at least one. */
export async function routerViews(session: Session): Promise<readonly RouterAnswer[]> {
  try {
    return await askAll(session);
  } catch (thrown) {
    // Who may not read the credentials knows nothing of the router, good or bad.
    if (isKubeError(thrown, 'KUBE_FORBIDDEN')) throw thrown;
    return [{ problem: messageOf(thrown) }];
  }
}

async function askAll(session: Session): Promise<readonly RouterAnswer[]> {
  const { client, namespace } = session;
  const [service, secret] = await Promise.all([
    client.find<Service>(serviceKind, { namespace, name: serviceName }),
    client.find(secretKind, { namespace, name: secretName }),
  ]);
  const host = service?.spec?.clusterIP ?? '';
  const ports = (service?.spec?.ports ?? [])
    .filter(({ name }) => portName.test(name ?? ''))
    .map(({ targetPort, port }) => Number(targetPort ?? port));
  if (host === '' || ports.length === 0) return [{ problem: `there is no Service ${serviceName}` }];
  if (secret === undefined) return [{ problem: `there is no Secret ${secretName}` }];
  return Promise.all(
    ports.map(async (port): Promise<RouterAnswer> => {
      try {
        return { view: await ask(host, port, secret) };
      } catch (thrown) {
        return { problem: messageOf(thrown) };
      }
    }),
  );
}

async function ask(host: string, port: number, secret: Secret): Promise<RouterView> {
  const material = {
    ca: textIn(secret, 'ca.crt'),
    cert: textIn(secret, 'tls.crt'),
    key: textIn(secret, 'tls.key'),
  };
  const running = await managementClient(
    {
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
      random: { bytes: (size) => randomBytes(size) },
      log: silentLogger,
    },
    {
      host,
      port,
      tls: { material, verifyHostname: true, serverName: serviceName },
      requestTimeoutMs: waitMs,
    },
  ).start(AbortSignal.timeout(waitMs));
  try {
    await running.whenConnected(waitMs);
    const rows = await Promise.all(types.map((type) => running.query(type)));
    const [router = [], connector = [], connection = [], tcpListener = [], tcpConnector = []] =
      rows;
    return { router, connector, connection, tcpListener, tcpConnector };
  } finally {
    await running.stop({ graceMs: 0 });
  }
}

/** An attribute that is a text; empty when it is none. */
export function textOf(row: Attributes | undefined, name: string): string {
  const value = row?.[name];
  return typeof value === 'string' ? value : '';
}
