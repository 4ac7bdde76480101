/**
 * What `system apply` and `system delete` do: objects of a file created, changed or removed one
 * after the other, for machines without kubectl.
 */
import { apiDefinitions } from '#apis/index.ts';
import { apiVersionOf, isRecord, type KubeObject, type ResourceDefinition } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { namespaceKind, secretKind } from '../api/kinds.ts';
import { manifestsIn, readTextFile } from '../api/manifest-file.ts';
import type { Session } from '../api/session.ts';
import { CliError } from '../errors.ts';
import type { CliIo } from '../io.ts';

/** An object of a file and its kind. */
export interface Wanted {
  readonly of: ResourceDefinition;
  readonly object: KubeObject;
}

/** Kinds that are taken. */
const known: readonly ResourceDefinition[] = [...apiDefinitions, secretKind, namespaceKind];

/** Reads a file of manifests. @throws CliError CLI_USAGE without such a file, CLI_FILE for its content */
export async function readWanted(
  path: string,
  io: Pick<CliIo, 'readStdin'>,
): Promise<readonly Wanted[]> {
  const named = await readTextFile(
    path,
    io,
    'name a YAML or JSON file, or - for stdin',
    unusable,
    'file',
  );
  return manifestsIn(named, unusable).map((manifest) => {
    const { kind, apiVersion, metadata } = manifest;
    const of = known.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
    if (of === undefined) {
      throw unusable(named.path, `kind ${String(kind)} of ${String(apiVersion)} is not known`);
    }
    const name = isRecord(metadata) ? metadata['name'] : undefined;
    if (typeof name !== 'string' || name === '') {
      throw unusable(named.path, `a ${of.kind} has no metadata.name`);
    }
    return { of, object: manifest as unknown as KubeObject };
  });
}

/** Creates or changes every object one after the other. @returns them in the order of the file */
export async function applyAll(
  session: Session,
  wanted: readonly Wanted[],
): Promise<readonly KubeObject[]> {
  const done: KubeObject[] = [];
  for (const each of wanted) done.push(await applyOne(session, each));
  return done;
}

async function applyOne(session: Session, wanted: Wanted): Promise<KubeObject> {
  const { of, object } = wanted;
  const { namespace, name } = placeOf(session, wanted);
  const metadata = { ...object.metadata, ...(namespace === '' ? {} : { namespace }) };
  const key = { namespace, name };
  const found = await session.client.find(of, key);
  const body = { ...object, metadata };
  if (found !== undefined) return session.client.patch(of, key, body);
  try {
    return await session.client.create(of, body);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
    return session.client.patch(of, key, body);
  }
}

/** Removes every object; those that are gone are no fault. @returns which were there */
export async function deleteAll(
  session: Session,
  wanted: readonly Wanted[],
): Promise<readonly KubeObject[]> {
  const done: KubeObject[] = [];
  for (const each of wanted) {
    if (await session.client.remove(each.of, placeOf(session, each))) done.push(each.object);
  }
  return done;
}

/** Where an object belongs: its own namespace, else the session's. */
function placeOf(
  session: Session,
  { of, object }: Wanted,
): { readonly namespace: string; readonly name: string } {
  const { name, namespace = session.namespace } = object.metadata;
  return { namespace: of.scope === 'Cluster' ? '' : namespace, name };
}

function unusable(path: string, why: string): CliError {
  return new CliError('CLI_FILE', `nothing was changed: ${path}: ${why}`, {
    todo: 'use manifests of the kinds in docs/reference/kinds.md, Secrets and Namespaces',
  });
}
