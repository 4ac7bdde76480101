/** The Kubernetes API as the gateway shows it to one session: a cookie, and no token in any script. */

let prefix = '';

/** Where the API of the session is; set once, before anything is asked. */
export function useApi(path: string): void {
  prefix = path;
}

/** A refusal or failure in the words of the server. */
export class KubeFault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'KubeFault';
    this.status = status;
  }
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface TableColumn {
  readonly name: string;
  /** 0 is shown always; more only in wide views. */
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  readonly object: { readonly metadata: ObjectMeta };
}

export interface Table {
  readonly metadata: { readonly resourceVersion?: string };
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows?: readonly TableRow[];
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** Asks below the prefix. @throws KubeFault for anything but success */
export async function ask(
  path: string,
  accept = 'application/json',
  signal?: AbortSignal,
): Promise<Response> {
  const response = await fetch(`${prefix}${path}`, {
    headers: { accept },
    credentials: 'same-origin',
    redirect: 'error',
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw await faultOf(response);
  return response;
}

/** One object or list. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, 'application/json', signal)).json()) as T;
}

/** A list as the server would print it. */
export async function getTable(path: string, signal?: AbortSignal): Promise<Table> {
  return (await (await ask(path, tableType, signal)).json()) as Table;
}

/** An object as YAML text. */
export async function getYaml(path: string, signal?: AbortSignal): Promise<string> {
  return (await ask(path, 'application/yaml', signal)).text();
}

async function faultOf(response: Response): Promise<KubeFault> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === 'string') return new KubeFault(response.status, message);
  } catch {
    // Not a Status: the code says enough.
  }
  return new KubeFault(response.status, `the server answered ${response.status}`);
}

/** The lines of a streamed answer as they come. @param cap longest line that is kept, characters */
export async function* lines(response: Response, cap = 4 * 1024 * 1024): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += value;
      const parts = rest.split('\n');
      rest = (parts.pop() ?? '').slice(-cap);
      yield* parts;
    }
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Changes from a revision on, until the stream ends.
 * @throws KubeFault, also for an ERROR event such as 410 of an old revision
 */
export async function* watchTable(
  path: string,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<Table>> {
  const joint = path.includes('?') ? '&' : '?';
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(resourceVersion)}`;
  const response = await ask(`${path}${joint}${query}`, tableType, signal);
  for await (const line of lines(response)) {
    if (line === '') continue;
    const event = JSON.parse(line) as WatchEvent<Table>;
    if (event.type === 'ERROR') {
      const status = event.object as unknown as { code?: number; message?: string };
      throw new KubeFault(status.code ?? 500, status.message ?? 'the watch failed');
    }
    yield event;
  }
}

/** Address of a WebSocket below the prefix. */
export function socketAddress(path: string): string {
  const { protocol, host } = location;
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}${prefix}${path}`;
}
