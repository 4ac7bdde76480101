/** A raw watch of a test API server: every line as it came. */
import { request } from 'node:https';
import type { TestContext } from 'node:test';
import type { AnyJson, TestApiServer } from './api-server.ts';
import { until } from './until.ts';

export interface WatchLine {
  readonly type: string;
  readonly object: AnyJson;
}

export interface Watch {
  readonly status: number;
  readonly lines: WatchLine[];
  /** True when the server ended the stream properly. */
  ended: boolean;
  /** True when it was cut instead. */
  broken: boolean;
  /** Waits until there are so many lines and gives them all. */
  atLeast(count: number): Promise<WatchLine[]>;
  /** `ADDED a`, `DELETED b`, ... so far. */
  names(): string[];
  pause(): void;
  resume(): void;
  close(): void;
}

/** Opens a watch; it is closed with the test. Resolves when the headers are there. */
export async function openWatch(
  t: TestContext,
  api: TestApiServer,
  path: string,
  accept = 'application/json',
): Promise<Watch> {
  const { promise, resolve, reject } = Promise.withResolvers<Watch>();
  const { files, server } = api;
  const client = request(`${server.origin}${path}`, {
    ca: files.ca,
    cert: files.adminCert,
    key: files.adminKey,
    headers: { accept },
    agent: false,
  });
  client.on('error', reject);
  client.on('response', (response) => {
    const watch: Watch = {
      status: response.statusCode ?? 0,
      lines: [],
      ended: false,
      broken: false,
      atLeast: (count) =>
        until(() => watch.lines.length >= count && watch.lines, `${count} events of ${path}`),
      names: () => watch.lines.map(({ type, object }) => `${type} ${object.metadata?.name}`),
      pause: () => response.pause(),
      resume: () => response.resume(),
      close: () => client.destroy(),
    };
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) watch.lines.push(JSON.parse(part) as WatchLine);
    });
    response.on('error', () => undefined);
    response.on('end', () => {
      watch.ended = response.complete;
    });
    response.on('close', () => {
      watch.broken = !response.complete;
    });
    resolve(watch);
  });
  client.end();
  t.after(() => client.destroy());
  return promise;
}
