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
      else if (kind === 'vnc') screen(session, screenEvents);
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

const [width, height] = [64, 48];

/** A VNC server without security whose screen is one colour. */
function screen(session: WebSocket, events: number[]): void {
  let phase: 'version' | 'security' | 'init' | 'open' = 'version';
  let pending = Buffer.alloc(0);
  session.send(Buffer.from('RFB 003.008\n'));
  const take = (size: number): Buffer | undefined => {
    if (pending.length < size) return undefined;
    const taken = pending.subarray(0, size);
    pending = pending.subarray(size);
    return taken;
  };
  const step = (): boolean => {
    switch (phase) {
      case 'version':
        if (!take(12)) return false;
        session.send(Buffer.from([1, 1]));
        phase = 'security';
        return true;
      case 'security':
        if (!take(1)) return false;
        session.send(Buffer.alloc(4));
        phase = 'init';
        return true;
      case 'init':
        if (!take(1)) return false;
        session.send(serverInit());
        phase = 'open';
        return true;
      case 'open':
        return clientMessage();
      default:
        return phase satisfies never;
    }
  };
  const clientMessage = (): boolean => {
    const [type] = pending;
    if (type === undefined) return false;
    const sizes: Record<number, number> = { 0: 20, 3: 10, 4: 8, 5: 6 };
    const size = type === 2 && pending.length >= 4 ? 4 + pending.readUInt16BE(2) * 4 : sizes[type];
    if (size === undefined || !take(size)) return false;
    if (type === 3) session.send(frame());
    if (type === 4 || type === 5) events.push(type);
    return true;
  };
  session.on('message', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    while (step());
  });
}

function serverInit(): Buffer {
  const name = Buffer.from('vm');
  const head = Buffer.alloc(24);
  head.writeUInt16BE(width, 0);
  head.writeUInt16BE(height, 2);
  head.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16], 4);
  head.writeUInt32BE(name.length, 20);
  return Buffer.concat([head, name]);
}

/** The colour of the screen: red, green, blue. */
export const screenColour = [31, 106, 168] as const;

function frame(): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(width, 8);
  head.writeUInt16BE(height, 10);
  const pixels = Buffer.alloc(width * height * 4);
  for (let at = 0; at < pixels.length; at += 4) pixels.set([...screenColour, 255], at);
  return Buffer.concat([head, pixels]);
}
