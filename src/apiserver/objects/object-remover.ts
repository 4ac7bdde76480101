/** Deleting: at once, or marked and left to those who hold finalizers. */
import { unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import {
  badRequest,
  type DynamicObject,
  deleteSuccess,
  type FieldError,
  formatTime,
  isRecord,
  type KubeObject,
  notSupported,
  preconditionFailed,
  type Registry,
  type Status,
  StatusError,
} from '#kube/index.ts';
import { checkCrdDelete, isCrdKind, withCleanup } from '../custom/kind-rules.ts';
import { checkDryRun, refuse } from '../request/query-options.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { checkNamespaceDelete, isNamespaceKind, terminatingNamespace } from './namespace-rules.ts';
import type { Change, ObjectWriter } from './object-writer.ts';

/** `Default` is Background, but leaves the choice of an earlier delete alone. */
export type Propagation = 'Default' | 'Background' | 'Foreground' | 'Orphan';

export interface DeleteCall {
  readonly dryRun: boolean;
  readonly propagation: Propagation;
  /** The object must have this uid. */
  readonly uid: string | undefined;
  /** The object must be at this version. */
  readonly resourceVersion: string | undefined;
}

/** One certain object, not merely whatever has its name. */
export interface ObjectTarget {
  readonly target: ResourceTarget;
  readonly uid: string | undefined;
}

/** A delete as the garbage collector does it. */
export const backgroundDelete: DeleteCall = {
  dryRun: false,
  propagation: 'Background',
  uid: undefined,
  resourceVersion: undefined,
};

/** Finalizers of the two propagations that wait. */
export const propagationFinalizer = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
} as const;

const propagations: readonly string[] = ['Background', 'Foreground', 'Orphan'];

/**
 * The options in a DELETE's body, else in its query.
 * @throws StatusError KUBE_BAD_REQUEST, KUBE_INVALID
 */
export function parseDeleteCall(
  body: Record<string, unknown> | undefined,
  query: URLSearchParams,
): DeleteCall {
  if (body && body['kind'] !== undefined && body['kind'] !== 'DeleteOptions') {
    throw badRequest('the body of a delete must be DeleteOptions');
  }
  const dryRun = body ? textsOf(body['dryRun']) : query.getAll('dryRun');
  const orphan = body ? body['orphanDependents'] : query.get('orphanDependents');
  const policy = textOf(body ? body['propagationPolicy'] : query.get('propagationPolicy')) ?? '';
  const faults: FieldError[] = checkDryRun(dryRun);
  if (policy !== '' && !propagations.includes(policy)) {
    faults.push(
      notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']),
    );
  }
  refuse('DeleteOptions', faults);
  const preconditions = isRecord(body?.['preconditions']) ? body['preconditions'] : {};
  const orphans = orphan === true || orphan === 'true';
  return {
    dryRun: dryRun.length > 0,
    propagation: policy === '' ? (orphans ? 'Orphan' : 'Default') : (policy as Propagation),
    uid: textOf(preconditions['uid']),
    resourceVersion: textOf(preconditions['resourceVersion']),
  };
}

/** Deletes that wait for one commit together. */
const sliceSize = 200;

export class ObjectRemover {
  readonly #writer: ObjectWriter;
  readonly #clock: Clock;

  readonly #registry: Registry;

  constructor(deps: {
    readonly writer: ObjectWriter;
    readonly clock: Clock;
    readonly registry: Registry;
  }) {
    this.#registry = deps.registry;
    this.#writer = deps.writer;
    this.#clock = deps.clock;
  }

  /**
   * Deletes or begins to.
   * @returns Success when the object is gone, else the object with its deletionTimestamp
   * @throws StatusError as Kubernetes answers
   */
  async remove(target: ResourceTarget, call: DeleteCall): Promise<Status | KubeObject> {
    const { definition, name } = target;
    if (isNamespaceKind(definition)) checkNamespaceDelete(target);
    const kind = isCrdKind(definition);
    if (kind) checkCrdDelete(this.#registry, target);
    let gone = false;
    const change: Change = (current) => {
      checkPreconditions(current, target, call);
      const asked = finalizersFor(current.metadata.finalizers ?? [], call.propagation);
      const finalizers = kind ? withCleanup(asked) : asked;
      gone = finalizers.length === 0 && !isNamespaceKind(definition);
      return gone ? undefined : this.#marked(target, current, finalizers);
    };
    const { dryRun } = call;
    const guarded = call.resourceVersion !== undefined;
    const last = await this.#writer.modify(target, change, { dryRun, guarded });
    return gone ? deleteSuccess(definition, name, last.metadata.uid ?? '') : last;
  }

  /**
   * Deletes many, a slice at a time so that other writers get their turn. Objects that somebody
   * else deleted or replaced meanwhile are passed over.
   * @throws StatusError the first other refusal
   */
  async removeAll(targets: readonly ObjectTarget[], call: DeleteCall): Promise<void> {
    for (let at = 0; at < targets.length; at += sliceSize) {
      const slice = targets.slice(at, at + sliceSize);
      await Promise.all(
        slice.map(({ target, uid }) => this.remove(target, { ...call, uid }).catch(ignoreGone)),
      );
    }
  }

  /** The object with its deletion asked for, waiting for the finalizers. */
  #marked(
    target: ResourceTarget,
    current: DynamicObject,
    finalizers: readonly string[],
  ): DynamicObject {
    const { definition } = target;
    const { finalizers: _, ...meta } = current.metadata;
    const first = current.metadata.deletionTimestamp === undefined;
    const metadata = {
      ...meta,
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
      ...(first
        ? {
            deletionTimestamp: formatTime(this.#clock.nowMs()),
            deletionGracePeriodSeconds: 0,
            ...(definition.hasGeneration ? { generation: (meta.generation ?? 0) + 1 } : {}),
          }
        : {}),
    };
    const next = { ...current, metadata };
    return isNamespaceKind(definition) ? terminatingNamespace(next) : next;
  }
}

function ignoreGone(thrown: unknown): void {
  const { reason } = thrown instanceof StatusError ? thrown : { reason: '' };
  if (reason !== 'NotFound' && reason !== 'Conflict') throw thrown;
}

function finalizersFor(present: readonly string[], propagation: Propagation): string[] {
  const others = present.filter(
    (name) => name !== propagationFinalizer.Foreground && name !== propagationFinalizer.Orphan,
  );
  switch (propagation) {
    case 'Default':
      return [...present];
    case 'Background':
      return others;
    case 'Foreground':
    case 'Orphan':
      return [...others, propagationFinalizer[propagation]];
    default:
      return unreachable(propagation, 'propagation');
  }
}

function checkPreconditions(current: KubeObject, target: ResourceTarget, call: DeleteCall): void {
  const { definition, name } = target;
  const { uid = '', resourceVersion = '' } = current.metadata;
  if (call.uid !== undefined && call.uid !== uid) {
    throw preconditionFailed(definition, name, 'UID', call.uid, uid);
  }
  if (call.resourceVersion !== undefined && call.resourceVersion !== resourceVersion) {
    const asked = call.resourceVersion;
    throw preconditionFailed(definition, name, 'ResourceVersion', asked, resourceVersion);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
