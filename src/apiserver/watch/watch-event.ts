/** What one change means to one watch, and its bytes, shared among all watches of the same shape. */
import { unreachable } from '#base/assert.ts';
import type { KubeObject } from '#kube/index.ts';
import type { Change } from '#store/index.ts';
import { stampRevision } from '../api-store.ts';
import {
  type RepresentationDeps,
  type Shape,
  showObject,
  showTable,
} from '../objects/representation.ts';
import type { Selection } from '../objects/selection.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export interface WatchEvent {
  readonly type: WatchEventType;
  readonly object: KubeObject;
}

/**
 * The event of a change for a selection; undefined when it does not concern it. An object that
 * stops matching is DELETED with the contents it had, at the revision that made it stop.
 */
export function eventOf(change: Change<KubeObject>, selection: Selection): WatchEvent | undefined {
  const { type, value, previous, revision } = change;
  const before = previous !== undefined && selection.matches(previous);
  switch (type) {
    case 'added':
      return selection.matches(value) ? { type: 'ADDED', object: value } : undefined;
    case 'deleted':
      return before || selection.matches(value) ? { type: 'DELETED', object: value } : undefined;
    case 'modified': {
      if (selection.matches(value)) return { type: before ? 'MODIFIED' : 'ADDED', object: value };
      return before ? { type: 'DELETED', object: stampRevision(previous, revision) } : undefined;
    }
    default:
      return unreachable(type, 'change type');
  }
}

/** Encodes the events of one kind; the bytes of a change are made once for each shape. */
export class EventEncoder {
  readonly #shared = new WeakMap<Change<KubeObject>, Map<string, Buffer>>();

  /** @param withColumns true for the first event of a stream of tables */
  encodeChange(
    change: Change<KubeObject>,
    event: WatchEvent,
    shape: Shape,
    deps: RepresentationDeps,
    withColumns: boolean,
  ): Buffer {
    const { version } = deps.definition;
    const key = `${version} ${event.type} ${shape.form} ${shape.metaVersion} ${shape.includeObject} ${withColumns}`;
    let known = this.#shared.get(change);
    if (!known) this.#shared.set(change, (known = new Map()));
    const found = known.get(key);
    if (found) return found;
    const bytes = encodeEvent(event, shape, deps, withColumns);
    known.set(key, bytes);
    return bytes;
  }
}

/** One line of a watch. */
export function encodeEvent(
  event: WatchEvent,
  shape: Shape,
  deps: RepresentationDeps,
  withColumns: boolean,
): Buffer {
  return encodeLine(event.type, showEvent(event, shape, deps, withColumns));
}

/** One line of a watch from any value: Status documents go as they are. */
export function encodeLine(type: WatchEventType, object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

function showEvent(
  { object }: WatchEvent,
  shape: Shape,
  deps: RepresentationDeps,
  withColumns: boolean,
): unknown {
  if (shape.form !== 'table') return showObject(deps, shape, object);
  const { resourceVersion = '' } = object.metadata;
  return showTable(deps, shape, [object], { resourceVersion }, withColumns);
}
