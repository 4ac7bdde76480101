/**
 * A cluster with one pod and one virtual machine, as far as a browser looks at them: lists with
 * watches, logs that go on, a shell that echoes, a screen of one colour.
 */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import type { KubeConnection } from '#kubeclient/index.ts';
import { playScreen } from './played-screen.ts';
import { makeTlsParts } from './tls-parts.ts';

export interface Workloads {
  readonly connection: KubeConnection;
  /** What was typed into the shell. */
  readonly typed: string[];
  /** Key and pointer events that reached the screen. */
  readonly screenEvents: number[];
  /** Open streams of all kinds. */
  readonly open: Set<string>;
  addPod(name: string): void;
}

const pod = (name: string, version: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: String(version) },
  spec: { containers: [{ name: 'web', image: 'web' }] },
});

const machine = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'vm', namespace: 'shop', uid: 'uid-vm', resourceVersion: '1' },
};

const row = (name: string, version: number): object => ({
  cells: [name, 'Running'],
  object: {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: `${version}` },
  },
});

const tableOf = (rows: readonly object[], version: number): object => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { resourceVersion: String(version) },
  columnDefinitions: [
    { name: 'Name', type: 'string', priority: 0 },
    { name: 'Status', type: 'string', priority: 0 },
  ],
  rows,
});

const resources = (group: string, names: readonly [string, string][]): object => ({
  kind: 'APIResourceList',
  groupVersion: group,
  resources: names.map(([name, kind]) => ({
    name,
    kind,
    namespaced: true,
    verbs: ['get', 'list', 'watch'],
  })),
});

export async function startWorkloads(t: TestContext): Promise<Workloads> {
  const { server: identity } = await makeTlsParts();
  const names = ['web-1'];
  const watchers = new Set<ServerResponse>();
  const state = { version: 10 };
  const typed: string[] = [];
  const screenEvents: number[] = [];
  const open = new Set<string>();
  const sockets = new WebSocketServer({ noServer: true });
  const rows = (): object[] => names.map((name) => row(name, state.version));

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'https://a');
    const send = (value: object): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    const asTable = (request.headers.accept ?? '').includes('as=Table');
    if (path === '/api/v1') return send(resources('v1', [['pods', 'Pod']]));
    if (path === '/apis') {
      const preferredVersion = { groupVersion: 'kubevirt.io/v1', version: 'v1' };
      return send({ kind: 'APIGroupList', groups: [{ name: 'kubevirt.io', preferredVersion }] });
    }
    if (path === '/apis/kubevirt.io/v1') {
      const kinds: [string, string][] = [['virtualmachineinstances', 'VirtualMachineInstance']];
      return send(resources('kubevirt.io/v1', kinds));
    }
    if (query.has('watch')) {
      response.setHeader('content-type', 'application/json');
      response.flushHeaders();
      watchers.add(response);
      open.add('watch');
      response.once('close', () => {
        watchers.delete(response);
        if (watchers.size === 0) open.delete('watch');
      });
      return;
    }
    if (path.endsWith('/log')) return followLog(response, open);
    const name = /\/pods\/([^/]+)$/.exec(path)?.[1];
    if (path.includes('/virtualmachineinstances')) {
      return path.endsWith('/vm')
        ? sendObject(request, response, machine)
        : send(tableOf([row('vm', 1)], 1));
    }
    if (name !== undefined) return sendObject(request, response, pod(name, state.version));
    if (asTable) return send(tableOf(rows(), state.version));
    response.writeHead(404).end();
  };

  const server = createServer({ cert: identity.cert, key: identity.key }, answer);
  server.on('upgrade', (request, socket, head) => {
    const { pathname: path } = new URL(request.url ?? '/', 'https://a');
    sockets.handleUpgrade(request, socket, head, (session) => {
      const kind = path.slice(path.lastIndexOf('/') + 1);
      open.add(kind);
      session.once('close', () => open.delete(kind));
      if (kind === 'exec') shell(session, typed);
      else if (kind === 'vnc') playScreen(session, screenEvents);
      else session.close();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
    for (const session of sockets.clients) session.terminate();
  });
  const { port } = server.address() as AddressInfo;
  return {
    connection: {
      server: `https://127.0.0.1:${port}`,
      namespace: 'shop',
      credentials: async () => ({ tls: { ca: identity.ca ?? '' }, headers: {} }),
    },
    typed,
    screenEvents,
    open,
    addPod: (name) => {
      names.push(name);
      state.version += 1;
      const object = tableOf([row(name, state.version)], state.version);
      for (const watcher of watchers) {
        watcher.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
      }
    },
  };
}

/** As JSON, or as YAML of the little that a test looks for. */
function sendObject(request: IncomingMessage, response: ServerResponse, object: object): void {
  if ((request.headers.accept ?? '').includes('yaml')) {
    response.setHeader('content-type', 'application/yaml');
    const { kind, metadata } = object as { kind: string; metadata: { name: string } };
    response.end(
      `kind: ${kind}\nmetadata:\n  managedFields:\n  - manager: hidden\n  name: ${metadata.name}\n`,
    );
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(object));
}

function followLog(response: ServerResponse, open: Set<string>): void {
  open.add('log');
  response.setHeader('content-type', 'text/plain');
  response.write('the first line\n');
  const timer = setInterval(() => response.write('another line <b>not markup</b>\n'), 50);
  response.once('close', () => {
    open.delete('log');
    clearInterval(timer);
  });
}

/** Echoes what is typed; `exit` ends well. */
function shell(session: WebSocket, typed: string[]): void {
  const output = (text: string): void =>
    session.send(Buffer.concat([Buffer.from([1]), Buffer.from(text)]));
  output('shell$ ');
  session.on('message', (data: Buffer) => {
    if (data[0] !== 0) return;
    const text = data.subarray(1).toString();
    typed.push(text);
    output(text);
    if (!typed.join('').includes('exit')) return;
    session.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Success"}')]));
    session.close();
  });
}
