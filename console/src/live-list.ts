/**
 * A list that stays true: one list, then a watch from its revision, again after whatever ends it.
 * What changes is told as whole rows, so that a view only draws.
 */
import { getTable, KubeFault, type Table, type TableRow, watchTable } from './kube.ts';

export interface LiveListEvents {
  /** The list as it is; called after every change, at most once a frame. */
  onRows(table: Table, rows: readonly TableRow[]): void;
  /** True while changes arrive by themselves. */
  onLive(live: boolean): void;
  /** Refused for good: the message is for people. */
  onFault(fault: KubeFault): void;
}

/** Rows that are kept; more would make the page slow, and the list says so. */
export const rowsMax = 5000;

const retryMsMin = 500;
const retryMsMax = 15_000;

/** Runs until the signal is aborted. */
export async function followList(
  path: string,
  events: LiveListEvents,
  signal: AbortSignal,
): Promise<void> {
  let retryMs = retryMsMin;
  while (!signal.aborted) {
    try {
      const joint = path.includes('?') ? '&' : '?';
      const table = await getTable(`${path}${joint}limit=${rowsMax}`, signal);
      retryMs = retryMsMin;
      await followFrom(path, table, events, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      if (thrown instanceof KubeFault && [400, 401, 403, 404, 405].includes(thrown.status)) {
        events.onFault(thrown);
        return;
      }
    }
    events.onLive(false);
    await pause(retryMs, signal);
    retryMs = Math.min(retryMs * 2, retryMsMax);
  }
}

async function followFrom(
  path: string,
  first: Table,
  events: LiveListEvents,
  signal: AbortSignal,
): Promise<void> {
  const rows = new Map((first.rows ?? []).map((row) => [keyOf(row), row]));
  let drawing = 0;
  const draw = (): void => {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      if (!signal.aborted) events.onRows(first, [...rows.values()]);
    });
  };
  draw();
  const version = first.metadata.resourceVersion;
  if (version === undefined) return;
  events.onLive(true);
  for await (const { type, object } of watchTable(path, version, signal)) {
    if (type === 'BOOKMARK') continue;
    for (const row of object.rows ?? []) {
      if (type === 'DELETED') rows.delete(keyOf(row));
      else if (rows.has(keyOf(row)) || rows.size < rowsMax) rows.set(keyOf(row), row);
    }
    draw();
  }
}

function keyOf({ object: { metadata } }: TableRow): string {
  return metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Resolves after the time, or at once when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
