/**
 * A very small stand-in for an API server: configmaps and secrets in memory, and knobs for the
 * faults an informer must survive. What a real server does is tested against src/apiserver.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { KubeObject } from '#kube/index.ts';

interface Watcher {
  readonly answer: ServerResponse;
}

export class ScriptedApi {
  readonly objects = new Map<string, KubeObject>();
  readonly requests: string[] = [];
  revision = 10;
  /** Watches from revisions below this answer 410. */
  compacted = 0;
  /** Lists are answered in pages of this size. */
  listsRefused = 0;
  /** So many watches are answered with 429 and a Retry-After header of one second. */
  watchesRefused = 0;
  server = '';
  readonly #watchers = new Set<Watcher>();
  #events: { revision: number; line: string }[] = [];

  static async start(t: TestContext): Promise<ScriptedApi> {
    const api = new ScriptedApi();
    const server = createServer((request, answer) => {
      const url = new URL(request.url ?? '/', 'http://api');
      api.requests.push(`${request.method} ${url.pathname}${url.search}`);
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => api.#answer(request.method ?? '', url, body, answer));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    api.server = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return api;
  }

  put(name: string, data: Record<string, string>): void {
    const known = this.objects.get(name);
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: 'ns',
        uid: `uid-${name}`,
        resourceVersion: `${++this.revision}`,
      },
      data,
    };
    this.objects.set(name, object);
    this.#emit(known === undefined ? 'ADDED' : 'MODIFIED', object);
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.objects.delete(name);
    this.revision++;
    this.#emit('DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: `${this.revision}` },
    });
  }

  get watchCount(): number {
    return this.#watchers.size;
  }

  /** Ends all watches; with `lose` their events are forgotten, as after a long outage. */
  endWatches(options: { readonly abruptly?: boolean } = {}): void {
    for (const { answer } of this.#watchers) {
      if (options.abruptly === true) answer.destroy();
      else answer.end();
    }
    this.#watchers.clear();
  }

  sendRaw(line: string): void {
    for (const { answer } of this.#watchers) answer.write(line);
  }

  #emit(type: string, object: KubeObject): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#events.push({ revision: this.revision, line });
    this.sendRaw(line);
  }

  #answer(method: string, url: URL, body: string, answer: ServerResponse): void {
    const name = /\/namespaces\/ns\/configmaps\/([^/]+)/.exec(url.pathname)?.[1];
    if (url.searchParams.get('watch') === 'true') return this.#watch(url, answer);
    if (method === 'GET' && name === undefined) return this.#list(url, answer);
    if (method === 'POST') {
      const object = JSON.parse(body) as KubeObject & { data: Record<string, string> };
      if (this.objects.has(object.metadata.name)) {
        return status(answer, 409, 'AlreadyExists', 'it is there');
      }
      this.put(object.metadata.name, object.data);
      return json(answer, 201, this.objects.get(object.metadata.name));
    }
    const existing = this.objects.get(name ?? '');
    if (existing === undefined) {
      return status(answer, 404, 'NotFound', `configmaps "${name}" not found`);
    }
    if (method === 'PUT') {
      const object = JSON.parse(body) as KubeObject & { data: Record<string, string> };
      if (object.metadata.resourceVersion !== existing.metadata.resourceVersion) {
        return status(answer, 409, 'Conflict', 'the object has been modified');
      }
      this.put(object.metadata.name, object.data);
    }
    if (method === 'DELETE') this.remove(name ?? '');
    return json(answer, 200, this.objects.get(name ?? '') ?? { kind: 'Status', status: 'Success' });
  }

  #list(url: URL, answer: ServerResponse): void {
    if (this.listsRefused > 0) {
      this.listsRefused--;
      return status(answer, 503, 'ServiceUnavailable', 'starting');
    }
    const limit = Number(url.searchParams.get('limit') ?? 1000);
    const from = Number(url.searchParams.get('continue') ?? 0);
    const all = [...this.objects.values()];
    const rest = from + limit < all.length ? { continue: `${from + limit}` } : {};
    const items = all.slice(from, from + limit).map(({ metadata, ...object }) => {
      const { apiVersion: _apiVersion, kind: _kind, ...bare } = object;
      return { metadata, ...bare };
    });
    const metadata = { resourceVersion: `${this.revision}`, ...rest };
    return json(answer, 200, { kind: 'ConfigMapList', apiVersion: 'v1', metadata, items });
  }

  #watch(url: URL, answer: ServerResponse): void {
    if (this.watchesRefused > 0) {
      this.watchesRefused--;
      answer.writeHead(429, { 'retry-after': '1' }).end('Too many requests\n');
      return;
    }
    const from = Number(url.searchParams.get('resourceVersion'));
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.flushHeaders();
    if (from < this.compacted) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
      answer.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    for (const event of this.#events) if (event.revision > from) answer.write(event.line);
    const watcher = { answer };
    this.#watchers.add(watcher);
    answer.on('close', () => this.#watchers.delete(watcher));
  }
}

function json(answer: ServerResponse, code: number, value: unknown): void {
  answer.writeHead(code, { 'content-type': 'application/json' });
  answer.end(JSON.stringify(value));
}

function status(answer: ServerResponse, code: number, reason: string, message: string): void {
  const details = reason === 'Invalid' ? { causes: [{ field: 'data', message }] } : {};
  json(answer, code, { kind: 'Status', apiVersion: 'v1', code, reason, message, details });
}
