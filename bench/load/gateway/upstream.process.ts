/**
 * An API server that does nothing but answer: small objects, a watch with an event each 10 ms, long
 * lists, and WebSockets that send without end. For kube-gateway it also has the Secret with its key.
 */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import type { Writable } from 'node:stream';

const [certFile = '', keyFile = ''] = process.argv.slice(2);
const cert = readFileSync(certFile);
const body = JSON.stringify({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'a', namespace: 'default', uid: '9c6de2ac-29d8-4c41-b3b5-4ab0a9f1a4a1' },
  data: { filler: 'x'.repeat(300) },
});
const secret = JSON.stringify({
  kind: 'Secret',
  apiVersion: 'v1',
  metadata: { name: 'kube-gateway-jwt', namespace: 'kube-gateway' },
  data: { 'tls.crt': (process.env['LINK_KEY'] ?? '') || cert.toString('base64') },
});

/** Writes `bytes` in pieces, no faster than they are taken. */
function pour(to: Writable, piece: Buffer, bytes: number, done: () => void): void {
  let left = bytes;
  const write = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!to.write(piece)) {
        to.once('drain', write);
        return;
      }
    }
    done();
  };
  write();
}

const server = createServer({ cert, key: readFileSync(keyFile) }, (request, response) => {
  const url = new URL(request.url ?? '/', 'https://upstream');
  response.setHeader('content-type', 'application/json');
  const bytes = Number(url.searchParams.get('bytes') ?? 0);
  if (bytes > 0) {
    pour(response, Buffer.alloc(32 * 1024, '{"kind":"ConfigMap"},'), bytes, () => response.end());
  } else if (url.searchParams.has('watch')) {
    const timer = setInterval(() => {
      response.write(`{"type":"BOOKMARK","at":${performance.timeOrigin + performance.now()}}\n`);
    }, 10);
    response.on('close', () => clearInterval(timer));
  } else response.end(url.pathname.includes('/secrets/') ? secret : body);
});
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const bytes = Number(new URL(request.url ?? '/', 'https://x').searchParams.get('bytes') ?? 0);
  socket.on('error', () => undefined);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
  );
  // Output on channel 1, in messages of 16 KiB as an exec sends them.
  const message = Buffer.alloc(16 * 1024, 'x');
  message.set([0x82, 126, (message.length - 4) >> 8, (message.length - 4) & 0xff, 1]);
  pour(socket, message, bytes, () => socket.end());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
});
process.stdin.resume().on('end', () => process.exit(0));
