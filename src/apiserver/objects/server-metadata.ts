/** The metadata that only the server writes, and what follows from a change for it. */
import {
  badRequest,
  conflict,
  type DynamicObject,
  equalJson,
  type KubeObject,
  type ObjectMeta,
  resourceVersionRequired,
} from '#kube/index.ts';
import type { ResourceTarget } from '../request/request-path.ts';

/** Fields of metadata that clients may send; the others belong to the server. */
const clientFields = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Metadata of a new object: what the client may say plus what the server says. */
export function newMetadata(
  given: ObjectMeta,
  own: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly generation: number | undefined;
  },
): ObjectMeta {
  return {
    name: own.name,
    ...(given.generateName === undefined || given.generateName === ''
      ? {}
      : { generateName: given.generateName }),
    ...(own.namespace === '' ? {} : { namespace: own.namespace }),
    uid: own.uid,
    ...(own.generation === undefined ? {} : { generation: own.generation }),
    creationTimestamp: own.creationTimestamp,
    ...clientMetadata(given),
  };
}

/** Metadata of a changed object: server-owned fields stay as they were. */
export function keptMetadata(given: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...owned } = old;
  const { resourceVersion: _r, ...kept } = owned;
  // A different uid is not overlooked: it means another object of that name was meant.
  const uid = given.uid === undefined || given.uid === '' ? old.uid : given.uid;
  return { ...kept, ...(uid === undefined ? {} : { uid }), ...clientMetadata(given) };
}

/** Empty maps and lists say the same as absent ones and are not kept. */
function clientMetadata(given: ObjectMeta): Partial<ObjectMeta> {
  const taken: Record<string, unknown> = {};
  for (const name of clientFields) {
    const value = given[name];
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
      taken[name] = value;
    }
  }
  return taken;
}

/** The object without its resourceVersion, as it is stored. */
export function withoutRevision<T extends KubeObject>(object: T): T {
  if (object.metadata.resourceVersion === undefined) return object;
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** True when anything outside metadata and status differs: the desired state changed. */
export function desiredStateChanged(a: KubeObject, b: KubeObject): boolean {
  const { metadata: _am, status: _as, ...left } = a as DynamicObject;
  const { metadata: _bm, status: _bs, ...right } = b as DynamicObject;
  return !equalJson(left, right);
}

/**
 * Name and namespace of the body must be those of the path, or absent.
 * @throws StatusError KUBE_BAD_REQUEST
 */
export function checkPlace(meta: ObjectMeta, target: ResourceTarget): void {
  const { name, namespace = '' } = meta;
  if (target.name !== '' && name === '') throw badRequest('name must be provided');
  if (target.name !== '' && name !== target.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${target.name})`,
    );
  }
  if (namespace !== '' && namespace !== target.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
}

/**
 * The resourceVersion and uid a writer names must be the current ones.
 * @param required an absent resourceVersion is refused
 * @throws StatusError KUBE_CONFLICT, KUBE_INVALID, KUBE_BAD_REQUEST
 */
export function checkVersion(
  given: ObjectMeta,
  current: KubeObject,
  target: ResourceTarget,
  required: boolean,
): void {
  const { definition, name } = target;
  const { resourceVersion = '' } = given;
  if (resourceVersion === '' || resourceVersion === '0') {
    if (required) throw resourceVersionRequired(definition, name);
  } else {
    if (!/^\d{1,16}$/u.test(resourceVersion)) {
      throw badRequest(`invalid resource version ${JSON.stringify(resourceVersion.slice(0, 64))}`);
    }
    if (resourceVersion !== current.metadata.resourceVersion) throw conflict(definition, name);
  }
}

/** A writer that names another uid means another object. @throws StatusError KUBE_CONFLICT */
export function checkUid(given: ObjectMeta, current: KubeObject, target: ResourceTarget): void {
  const { uid = '' } = given;
  const stored = current.metadata.uid ?? '';
  if (uid === '' || uid === stored) return;
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`;
  throw conflict(target.definition, target.name, why);
}
