/** Reading a request body whole, up to a limit. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.ts';

/**
 * The whole body. Time is bounded by the server's `requestTimeoutMs`.
 * @param bytesMax most bytes taken; a larger `content-length` is refused without reading
 * @throws HttpError HTTP_BODY_TOO_LARGE, HTTP_BODY_INCOMPLETE
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  if (announced === 0 && request.headers['transfer-encoding'] === undefined) {
    request.resume();
    return Buffer.alloc(0);
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  let settled = false;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) {
      settled = true;
      request.pause();
      reject(tooLarge(bytesMax));
      return;
    }
    chunks.push(chunk);
  });
  request.on('end', () => {
    settled = true;
    const [first] = chunks;
    resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks));
  });
  // Every request closes in the end; only one that closes early is a fault.
  const incomplete = (): void => {
    if (settled) return;
    settled = true;
    reject(new HttpError('HTTP_BODY_INCOMPLETE', 'the request ended before its body was complete'));
  };
  request.on('error', incomplete);
  request.on('close', incomplete);
  return promise;
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError('HTTP_BODY_TOO_LARGE', `the request body is larger than ${bytesMax} bytes`);
}
