/** What the listener and connector verbs have in common: one routing key at one port of one side. */
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import type { Session } from '../api/session.ts';
import { secretKind } from '../api/kinds.ts';
import { CliError, usageError } from '../errors.ts';
import { create } from './change.ts';

/** Creates a listener or connector after looking for what it needs. @throws CliError CLI_USAGE */
export async function createExposure<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  manifest: T,
  tlsCredentials: string | undefined,
): Promise<T> {
  const { name } = manifest.metadata;
  await mustHaveSecret(session, tlsCredentials);
  const exists = `There is already a ${of.singular} ${name} created for namespace ${session.namespace}`;
  return create(session, of, manifest, exists);
}

/**
 * Changes the given fields of the spec and nothing else.
 * @param spec merge patch of the spec; null removes a field
 * @throws CliError CLI_USAGE when there is no such object
 */
export async function updateExposure<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): Promise<T> {
  const { namespace } = session;
  const existing = await session.client.find(of, { namespace, name });
  if (existing === undefined) {
    throw usageError(
      [`${of.singular} ${name} must exist in namespace ${namespace} to be updated`],
      `see 'drawbridge ${of.singular} status -n ${namespace}'`,
    );
  }
  const { tlsCredentials } = spec;
  if (isTlsWish(spec) && !speaksTls({ ...(existing as WithSpec).spec, ...spec })) {
    throw usageError([tlsNeeded], "add --tls-credentials with a Secret that holds the server's CA");
  }
  if (typeof tlsCredentials === 'string') await mustHaveSecret(session, tlsCredentials);
  if (Object.keys(spec).length === 0) return existing;
  return session.client.patch(of, { namespace, name }, { spec });
}

/** What a connector without TLS cannot do. */
export const tlsNeeded =
  '--use-client-cert and --verify-hostname need --tls-credentials: without it the router speaks no TLS to the server';

type Spec = Readonly<Record<string, unknown>>;
interface WithSpec {
  readonly spec?: Spec;
}

function isTlsWish({ useClientCert, verifyHostname }: Spec): boolean {
  return useClientCert === true || verifyHostname === true;
}

function speaksTls({ tlsCredentials }: Spec): boolean {
  return typeof tlsCredentials === 'string' && tlsCredentials !== '';
}

/** One object by name, or all. @throws CliError CLI_NOT_THERE when the named one is missing */
export async function lookUp<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string | undefined,
): Promise<readonly T[]> {
  const { namespace } = session;
  if (name === undefined) return (await session.client.list(of, { namespace })).items;
  return [await mustExist(session, of, name)];
}

/** @throws CliError CLI_NOT_THERE */
export async function mustExist<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string,
): Promise<T> {
  const { namespace } = session;
  const found = await session.client.find(of, { namespace, name });
  if (found !== undefined) return found;
  const what = `${of.singular} ${name} does not exist in namespace ${namespace}`;
  throw new CliError('CLI_NOT_THERE', what, {
    todo: `see 'drawbridge ${of.singular} status -n ${namespace}'`,
  });
}

async function mustHaveSecret(session: Session, name: string | undefined): Promise<void> {
  if (name === undefined || name === '') return;
  const { namespace } = session;
  if ((await session.client.find(secretKind, { namespace, name })) !== undefined) return;
  throw usageError(
    ['tls-secret is not valid: does not exist'],
    `create the Secret ${name} in namespace ${namespace} first, or leave --tls-credentials out`,
  );
}
