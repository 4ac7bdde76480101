/** An API server's streams without an API server: answers upgrades as told, keeps what it gets. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import type { KubeConnection } from '#kubeclient/index.ts';
import { makeTlsParts } from './tls-parts.ts';

export type UpgradeAnswer = 'accept' | 'refuse' | 'plain' | 'other' | 'wrong-key';

export interface StreamUpstream {
  readonly connection: KubeConnection;
  /** Heads of requests, `METHOD target` with their header lines. */
  readonly requests: { readonly line: string; readonly rawHeaders: readonly string[] }[];
  /** Bytes that came after a switch. */
  received: string;
  /** Streams open now. */
  readonly sockets: Set<Duplex>;
  answer: UpgradeAnswer;
  /** Sent for each chunk, so that the client sees that it went through. */
  reply: Buffer;
  /** Upgrades are answered when this is over. */
  hold: Promise<void> | undefined;
  /** Answers requests that do not upgrade. */
  handle: (request: IncomingMessage, response: ServerResponse) => void;
}

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function streamUpstream(t: TestContext): Promise<StreamUpstream> {
  const { server: identity } = await makeTlsParts();
  const server = createServer({ cert: identity.cert, key: identity.key });
  const all = new Set<Duplex>();
  const state: StreamUpstream = {
    connection: {
      server: '',
      namespace: 'default',
      credentials: async () => ({ tls: { ca: identity.ca ?? '' }, headers: {} }),
    },
    requests: [],
    received: '',
    sockets: new Set(),
    answer: 'accept',
    // A text frame of WebSocket.
    reply: Buffer.from([0x81, 2, ...Buffer.from('ok')]),
    hold: undefined,
    handle: (_request, response) => response.end('{}'),
  };
  const note = (request: IncomingMessage): void => {
    const { method, url, rawHeaders } = request;
    state.requests.push({ line: `${method} ${url}`, rawHeaders });
  };
  server.on('connection', (socket) => all.add(socket));
  server.on('request', (request, response) => {
    note(request);
    state.handle(request, response);
  });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.write(headOf(request, state.answer));
    if (state.answer === 'refuse' || state.answer === 'plain') {
      socket.on('data', (chunk: Buffer) => {
        state.received += chunk.toString('latin1');
      });
      return;
    }
    state.sockets.add(socket);
    socket.on('close', () => state.sockets.delete(socket));
    state.received += head.toString('latin1');
    socket.on('data', (chunk: Buffer) => {
      state.received += chunk.toString('latin1');
      if (state.reply.length > 0) socket.write(state.reply);
    });
  };
  server.on('upgrade', (request, socket, head) => {
    note(request);
    socket.on('error', () => undefined);
    if (state.hold === undefined) onUpgrade(request, socket, head);
    else void state.hold.then(() => onUpgrade(request, socket, head));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of all) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(state, {
    connection: { ...state.connection, server: `https://127.0.0.1:${port}` },
  });
}

function headOf(request: IncomingMessage, answer: UpgradeAnswer): string {
  const key = request.headers['sec-websocket-key'] ?? '';
  const right = createHash('sha1').update(`${key}${guid}`).digest('base64');
  const accept = answer === 'wrong-key' ? 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' : right;
  const [protocol] = (request.headers['sec-websocket-protocol'] ?? '').split(',');
  const body = '{"kind":"Status","code":403,"message":"not you"}';
  if (answer === 'refuse') {
    return `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }
  if (answer === 'plain') return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
  const upgrade = answer === 'other' ? 'h2c' : String(request.headers.upgrade);
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    `Upgrade: ${upgrade}`,
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === undefined || protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    '',
    '',
  ].join('\r\n');
}
