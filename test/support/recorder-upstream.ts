/** A TLS server that keeps the raw bytes it gets and answers as it is told: an API server to spy on. */
import { createServer, type TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import { makeTlsParts } from './tls-parts.ts';

export interface RecorderUpstream {
  readonly port: number;
  readonly url: URL;
  readonly ca: string;
  /** Everything that came in, as text, one entry a connection. */
  readonly received: string[];
  /** The bytes of the next answers, written whole when a request's head has come. */
  answer: string;
}

/** An HTTP/1.1 answer with a body. */
export function answerText(status: string, body: string, headers: readonly string[] = []): string {
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}

export async function recorderUpstream(t: TestContext): Promise<RecorderUpstream> {
  const { server: identity } = await makeTlsParts();
  const sockets = new Set<TLSSocket>();
  const received: string[] = [];
  const recorder = { answer: answerText('200 OK', '{}') };
  const server = createServer({ cert: identity.cert, key: identity.key }, (socket) => {
    sockets.add(socket);
    const index = received.push('') - 1;
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      received[index] = (received[index] ?? '') + chunk.toString('latin1');
      pending += chunk.toString('latin1');
      const head = pending.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
      if (pending.length < head + 4 + length) return;
      pending = '';
      socket.write(recorder.answer);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(recorder, {
    port,
    url: new URL(`https://127.0.0.1:${port}`),
    ca: identity.ca ?? '',
    received,
  });
}
