/** Creating, changing and deleting one object and waiting for the outcome, for all kinds alike. */
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { namespaceKind } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { hasReached, reasonNot, type WaitGoal } from '../api/status.ts';
import { waitFor } from '../api/wait.ts';
import { CliError, usageError } from '../errors.ts';
import type { Waiting } from '../input/waiting.ts';

/**
 * Creates an object in the session's namespace.
 * @param exists what to say when one of that name is there
 * @throws CliError CLI_USAGE when it exists or the API server finds it invalid
 */
export async function create<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  object: T,
  exists: string,
): Promise<T> {
  const { namespace } = session;
  try {
    const metadata = { ...object.metadata, namespace };
    return await session.client.create(of, { ...object, metadata });
  } catch (thrown) {
    if (isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) {
      throw usageError([exists], `choose another name, or another namespace with -n`);
    }
    if (isKubeError(thrown, 'KUBE_INVALID')) {
      throw usageError([thrown.message], 'correct the fields named above');
    }
    if (isKubeError(thrown, 'KUBE_NOT_FOUND') && !(await isThere(session, namespace))) {
      throw new CliError('CLI_NOT_THERE', `there is no namespace ${namespace}`, {
        todo: `'drawbridge site create NAME -n ${namespace} --create-namespace' makes it with a site`,
        cause: thrown,
      });
    }
    throw thrown;
  }
}

async function isThere(session: Session, namespace: string): Promise<boolean> {
  const found = await session.client.find(namespaceKind, { namespace: '', name: namespace });
  return found !== undefined;
}

/**
 * Waits until an object is as the verb promised.
 * @returns the object as it then is
 * @throws CliError CLI_WAIT with the reason the object gives
 */
export async function settle<T extends KubeObject>(
  session: Session,
  of: ResourceDefinition<T>,
  name: string,
  waiting: Waiting,
): Promise<T | undefined> {
  const { goal, timeoutMs } = waiting;
  const outcome = await waitFor(session, of, name, goal === 'none' ? 0 : timeoutMs, (object) =>
    hasReached(object, goal),
  );
  if (outcome.reached) return outcome.object;
  throw notYet(of, name, goal, outcome.object, session.namespace);
}

function notYet(
  of: ResourceDefinition,
  name: string,
  goal: WaitGoal,
  object: KubeObject | undefined,
  namespace: string,
): CliError {
  const reason = reasonNot(object, goal);
  const what = `${of.kind} "${name}" is not yet ${goal}`;
  const why = reason === '' ? ', check the status for more information' : `: ${reason}`;
  return new CliError('CLI_WAIT', what + why, {
    todo: `it stays and goes on by itself; 'drawbridge why ${of.singular}/${name} -n ${namespace}' names the cause`,
  });
}

/**
 * Deletes an object and, unless `timeoutMs` is 0, waits until it is gone.
 * @throws CliError CLI_WAIT when it is still there at the end
 */
export async function remove(
  session: Session,
  of: ResourceDefinition,
  name: string,
  timeoutMs: number,
): Promise<void> {
  await session.client.remove(of, { namespace: session.namespace, name });
  if (timeoutMs === 0) return;
  const { reached, object } = await waitFor(
    session,
    of,
    name,
    timeoutMs,
    (seen) => seen === undefined,
  );
  if (reached) return;
  const holders = object?.metadata.finalizers?.join(', ') ?? '';
  const why = holders === '' ? '' : `: it waits for ${holders}`;
  throw new CliError('CLI_WAIT', `${of.kind} "${name}" is not yet deleted${why}`, {
    todo: 'it will go when its controller has cleaned up; check that the controllers run',
  });
}
