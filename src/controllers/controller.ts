/** A reconciler, what wakes it, and its loop, put together. */
import type { Running } from '#base/lifecycle.ts';
import { keyText, type ObjectKey } from '#kube/index.ts';
import type { Informer } from '#kubeclient/index.ts';
import { ReconcileLoop, type Reconciler } from '#reconcile/index.ts';
import type { ControllerContext } from './context.ts';

export interface ControllerOptions<Key> {
  readonly name: string;
  readonly idOf: (key: Key) => string;
  /** Runs in parallel, of different keys. */
  readonly workersMax?: number;
  /** All keys that exist, looked at again from time to time. */
  readonly all: () => readonly Key[];
  /** What must be in the caches before the first run. */
  readonly informers: readonly Pick<Informer, 'synced'>[];
  /** Connects what wakes the controller. @returns what takes it away */
  readonly wake: (add: (key: Key) => void, loop: ReconcileLoop<Key>) => readonly (() => void)[];
}

/** Everything is looked at again after this long, whatever happened; milliseconds. */
const resyncMs = 300_000;

/** Starts a controller; it works as soon as its informers have their first list. */
export function startController<Key>(
  context: ControllerContext,
  reconciler: Reconciler<Key>,
  options: ControllerOptions<Key>,
): Running {
  const loop = new ReconcileLoop<Key>(reconciler, context, {
    name: options.name,
    idOf: options.idOf,
    ...(options.workersMax === undefined ? {} : { workersMax: options.workersMax }),
  });
  const leave = options.wake((key) => loop.add(key), loop);
  const resync = setInterval(() => {
    for (const key of options.all()) loop.add(key);
  }, resyncMs);
  resync.unref();
  let stopped = false;
  void Promise.all(options.informers.map((informer) => informer.synced)).then(() => {
    if (!stopped) loop.start();
  });
  return {
    stop: async (stopOptions) => {
      stopped = true;
      clearInterval(resync);
      for (const end of leave) end();
      await loop.stop(stopOptions);
    },
  };
}

export const objectId: (key: ObjectKey) => string = keyText;
export const namespaceId = (namespace: string): string => namespace;
