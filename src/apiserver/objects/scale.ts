/** The Scale of an object: how many replicas it wishes and has, whatever its kind. */
import {
  badRequest,
  cloneJson,
  compileJsonPath,
  type DynamicObject,
  invalid,
  invalidObject,
  isRecord,
  type KubeObject,
  labelSelectorOf,
  type ScalePaths,
  valueAt,
} from '#kube/index.ts';
import type { ResourceTarget } from '../request/request-path.ts';

/** @spec Kubernetes autoscaling/v1 Scale */
export interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

const scaleVersion = 'autoscaling/v1';

/** The Scale of an object. */
export function scaleOf(paths: ScalePaths, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp };
  const wished = numberAt(object, paths.specReplicas);
  const selector = selectorText(object, paths.selector);
  return {
    kind: 'Scale',
    apiVersion: scaleVersion,
    metadata: metadata as KubeObject['metadata'],
    spec: wished === undefined ? {} : { replicas: wished },
    status: {
      replicas: numberAt(object, paths.statusReplicas) ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/**
 * The object with the replicas that a Scale wishes, and the version it insists on.
 * @throws StatusError KUBE_BAD_REQUEST, KUBE_INVALID
 */
export function withScale(
  target: ResourceTarget,
  paths: ScalePaths,
  object: DynamicObject,
  scale: unknown,
): DynamicObject {
  if (!isRecord(scale)) throw badRequest('the Scale is not an object');
  const { kind = 'Scale', apiVersion = scaleVersion, metadata, spec } = scale;
  if (kind !== 'Scale' || apiVersion !== scaleVersion) {
    throw badRequest(`the body must be a Scale of ${scaleVersion}`);
  }
  const name = isRecord(metadata) ? (metadata['name'] ?? '') : '';
  if (name !== '' && name !== target.name) {
    throw badRequest(
      `the name of the object (${typeof name === 'string' ? name.slice(0, 253) : typeof name}) does not match the name on the URL (${target.name})`,
    );
  }
  const replicas = (isRecord(spec) ? spec['replicas'] : undefined) ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    const kindOfScale = { kind: 'Scale', group: 'autoscaling' };
    const fault = invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
    throw invalidObject(kindOfScale, target.name, [fault]);
  }
  const next = cloneJson(object);
  setAt(next, paths.specReplicas.slice(1).split('.'), replicas);
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined;
  next.metadata = { ...next.metadata, resourceVersion: typeof version === 'string' ? version : '' };
  return next;
}

function numberAt(object: KubeObject, path: string): number | undefined {
  const [value] = compileJsonPath(path)(object);
  return typeof value === 'number' ? value : undefined;
}

function selectorText(object: KubeObject, path: string | undefined): string {
  const value = path === undefined ? undefined : valueAt(object, path.slice(1).split('.'));
  if (typeof value === 'string') return value;
  return isRecord(value) ? labelSelectorOf(value).toString() : '';
}

function setAt(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here = object;
  for (const name of path.slice(0, -1)) {
    const below: unknown = Object.hasOwn(here, name) ? here[name] : undefined;
    const next = isRecord(below) ? below : {};
    here[name] = next;
    here = next;
  }
  const last = path.at(-1);
  if (last !== undefined) here[last] = value;
}
