/** What `expose` does: a Connector to a target and, unless told otherwise, a Listener for it here. */
import { apiVersionOf, isRecord, type KubeObject, type ResourceDefinition } from '#kube/index.ts';
import { type Connector, connector, type Listener, listener, secretKind } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { CliError, usageError } from '../errors.ts';
import { create } from './change.ts';
import { workloadSelector } from './workload.ts';

/** Kinds of target. */
export const targetTypes = ['deployment', 'statefulset', 'daemonset', 'service', 'host'] as const;
export type TargetType = (typeof targetTypes)[number];

/** What `expose` is asked for. */
export interface Exposure {
  readonly type: TargetType;
  /** Name of the target; for `host` a name or IP address. */
  readonly target: string;
  /** Name of the service in the network. */
  readonly address: string;
  /** Port of the service. */
  readonly port: number;
  /** Port of the target. */
  readonly targetPort: number;
  /** Where the listener listens; undefined for no listener. */
  readonly host: string | undefined;
  /** Secret with certificate and key for the listener. */
  readonly tlsCert: string | undefined;
  /** Secret with the CA of the target. */
  readonly tlsTrust: string | undefined;
}

/** Creates both. @returns what was made @throws CliError CLI_USAGE before anything is made */
export async function expose(
  session: Session,
  wish: Exposure,
): Promise<{ readonly connector: Connector; readonly listener: Listener | undefined }> {
  const { namespace } = session;
  const { address: name } = wish;
  const where = await targetOf(session, wish);
  await mustBeAbsent(session, connector, name);
  if (wish.host !== undefined) await mustBeAbsent(session, listener, name);
  await mustHaveSecret(session, '--tls-cert', wish.tlsCert);
  await mustHaveSecret(session, '--tls-trust', wish.tlsTrust);
  const exists = `"${name}" is exposed already in namespace ${namespace}`;
  const offered = await create(session, connector, exposedConnector(wish, where), exists);
  if (wish.host === undefined) return { connector: offered, listener: undefined };
  const made = await create(session, listener, exposedListener(wish, wish.host), exists);
  return { connector: offered, listener: made };
}

/** Where a connector leads. */
export type Target = { readonly host: string } | { readonly selector: string };

/** The connector of an exposure. */
export function exposedConnector(wish: Exposure, where: Target): Connector {
  const { address, targetPort, tlsTrust } = wish;
  return {
    apiVersion: apiVersionOf(connector),
    kind: connector.kind,
    metadata: { name: address },
    spec: {
      routingKey: address,
      port: targetPort,
      type: 'tcp',
      ...where,
      ...(tlsTrust === undefined ? {} : { tlsCredentials: tlsTrust }),
    },
  };
}

/** The listener of an exposure. */
export function exposedListener(wish: Exposure, host: string): Listener {
  const { address, port, tlsCert } = wish;
  return {
    apiVersion: apiVersionOf(listener),
    kind: listener.kind,
    metadata: { name: address },
    spec: {
      routingKey: address,
      host,
      port,
      type: 'tcp',
      ...(tlsCert === undefined ? {} : { tlsCredentials: tlsCert }),
    },
  };
}

async function targetOf(session: Session, { type, target }: Exposure): Promise<Target> {
  if (type === 'host') return { host: target };
  if (type === 'service') return serviceTarget(session, target);
  return { selector: await workloadSelector(session, `${type}/${target}`) };
}

/** The pods of a Service, or its address when it selects none. */
async function serviceTarget(session: Session, name: string): Promise<Target> {
  const path = `/api/v1/namespaces/${encodeURIComponent(session.namespace)}/services/${encodeURIComponent(name)}`;
  const found: unknown = await session.client
    .raw({ method: 'GET', path })
    .catch((thrown: unknown) => {
      throw new CliError('CLI_NOT_THERE', `there is no Service ${name} in ${session.namespace}`, {
        todo: "see 'kubectl get services'; for anything else that listens use 'expose host'",
        cause: thrown,
      });
    });
  const spec = isRecord(found) && isRecord(found['spec']) ? found['spec'] : {};
  const { selector, clusterIP } = spec;
  if (isRecord(selector) && Object.keys(selector).length > 0) {
    const pairs = Object.entries(selector).map(([key, value]) => `${key}=${String(value)}`);
    return { selector: pairs.toSorted().join(',') };
  }
  if (typeof clusterIP === 'string' && clusterIP !== '' && clusterIP !== 'None') {
    return { host: clusterIP };
  }
  throw usageError(
    [`Service ${name} has neither pods nor an address`],
    "name the server itself with 'expose host HOST'",
  );
}

async function mustBeAbsent<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string,
): Promise<void> {
  const { namespace } = session;
  if ((await session.client.find(of, { namespace, name })) === undefined) return;
  throw usageError(
    [`There is already a ${of.singular} ${name} created for namespace ${namespace}`],
    `choose another --address, or 'drawbridge ${of.singular} delete ${name} -n ${namespace}'`,
  );
}

async function mustHaveSecret(
  session: Session,
  flag: string,
  name: string | undefined,
): Promise<void> {
  if (name === undefined) return;
  const { namespace } = session;
  if ((await session.client.find(secretKind, { namespace, name })) !== undefined) return;
  throw usageError(
    [`${flag} is not valid: there is no Secret ${name} in namespace ${namespace}`],
    'create the Secret first',
  );
}
