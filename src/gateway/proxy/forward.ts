/**
 * An ordinary request: forwarded as its bytes were decided about, answered as the API server
 * answers. Bodies stream both ways and wait for whoever is slow; watches and followed logs are
 * under the registry's eye.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '#base/errors.ts';
import { GatewayError } from '../errors.ts';
import { lineOf } from '../request/inbound-headers.ts';
import { type EndReason, endText, type StreamRegistry } from '../stream/stream-registry.ts';
import type { Admitted, Outcome } from './exchange.ts';
import { type Identity, identityHeaders } from './identity.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { answerHeaders } from './response-headers.ts';
import { upstreamFault } from './upstream-fault.ts';

export interface ForwardDeps {
  readonly streams: StreamRegistry;
  readonly identity: Identity;
  /** Counts a stream before its first byte. @throws GatewayError */
  readonly countStream: (admitted: Admitted) => Promise<void>;
}

export interface ForwardLimits {
  /** Largest request body; bytes. */
  readonly bodyBytesMax: number;
  /** A stream without any byte is ended after this long; 0: never. Milliseconds. */
  readonly streamIdleMsMax: number;
}

export const defaultForwardLimits: ForwardLimits = {
  // What an API server takes itself.
  bodyBytesMax: 3 * 1024 * 1024,
  streamIdleMsMax: 0,
};

/** Answers longer than this are ended with their grant, as streams are; bytes. */
const longAnswerBytes = 1024 * 1024;

/** @throws GatewayError when nothing was sent to the client yet */
export async function forward(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Outcome> {
  const announced = Number(lineOf(admitted.lines, 'content-length') ?? 0);
  if (announced > limits.bodyBytesMax) throw tooLarge(limits.bodyBytesMax);
  const counted = { in: 0, out: 0 };
  const answer = await ask(deps, limits, admitted, request, response, counted);
  try {
    if (admitted.decision.isStream && answer.statusCode === 200) await deps.countStream(admitted);
    const headers = answerHeaders(answer, {
      auditId: admitted.auditId,
      mount: admitted.mount,
      upstreamOrigin: admitted.upstream.origin,
      browser: admitted.browser,
    });
    response.writeHead(answer.statusCode ?? 502, headers);
  } catch (thrown) {
    answer.destroy();
    throw thrown;
  }
  const ended = await relay(deps, limits, admitted, answer, response, counted);
  return {
    status: response.statusCode,
    bytesIn: counted.in,
    bytesOut: counted.out,
    ...(ended === undefined ? {} : { ended }),
  };
}

/** Sends the request; once more when a kept connection was closed under a plain read. */
async function ask(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
  counted: { in: number },
): Promise<IncomingMessage> {
  const { upstream, method, access, auditId, client } = admitted;
  const credentials = await upstream.credentials().catch((thrown: unknown) => {
    throw upstreamFault(thrown);
  });
  const headers = outboundHeaders(admitted.lines, {
    host: upstream.host,
    credentials: credentials.headers,
    identity: identityHeaders(access, deps.identity),
    auditId,
    client,
  });
  const path = admitted.target.raw;
  const begin = (): ClientRequest => upstream.open(credentials, { method, path, headers });
  const repeatable = method === 'GET' || method === 'HEAD';
  const first = begin();
  try {
    return await answerOf(first, admitted, request, response, limits, counted);
  } catch (thrown) {
    const lost = repeatable && first.reusedSocket && isReset(thrown) && !response.destroyed;
    if (!lost) throw thrown;
    return answerOf(begin(), admitted, request, response, limits, counted);
  }
}

function isReset(thrown: unknown): boolean {
  const cause = thrown instanceof GatewayError ? thrown.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET';
}

function answerOf(
  out: ClientRequest,
  admitted: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
  limits: ForwardLimits,
  counted: { in: number },
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let late = false;
  const firstByte = setTimeout(() => {
    late = true;
    out.destroy();
  }, admitted.upstream.limits.firstByteMsMax);
  const left = (): void => {
    out.destroy();
  };
  response.once('close', left);
  out.once('response', (answer) => {
    clearTimeout(firstByte);
    resolve(answer);
  });
  out.on('error', (error) => {
    clearTimeout(firstByte);
    reject(upstreamFault(error, late));
  });
  out.once('close', () => response.off('close', left));
  const hasBody =
    lineOf(admitted.lines, 'transfer-encoding') !== undefined || announcedBody(admitted);
  if (!hasBody) {
    out.end();
    return promise;
  }
  request.on('data', (chunk: Buffer) => {
    counted.in += chunk.length;
    if (counted.in > limits.bodyBytesMax) {
      reject(tooLarge(limits.bodyBytesMax));
      request.pause();
      out.destroy();
    } else if (!out.write(chunk)) {
      request.pause();
      out.once('drain', () => request.resume());
    }
  });
  request.once('end', () => out.end());
  request.once('error', left);
  return promise;
}

function announcedBody(admitted: Admitted): boolean {
  return Number(lineOf(admitted.lines, 'content-length') ?? 0) > 0;
}

/** @returns why we ended it, when we did */
async function relay(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  answer: IncomingMessage,
  response: ServerResponse,
  counted: { out: number },
): Promise<string | undefined> {
  const { access, decision } = admitted;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let ended: EndReason | undefined;
  let lastByte = 0x0a;
  const end = (reason: EndReason): void => {
    ended = reason;
    answer.unpipe(response);
    answer.destroy();
    // Between two events a watch can be told why; elsewhere the text would be damaged.
    if (isJsonWatch(admitted, answer) && lastByte === 0x0a) response.end(lastEvent(reason));
    else if (lastByte === 0x0a && decision.isStream) response.end();
    else response.destroy();
  };
  const length = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  const watched = decision.isStream || length > longAnswerBytes;
  const release = watched
    ? deps.streams.add({
        grant: access.grant.metadata.uid ?? '',
        session: access.sessionId,
        endMs: access.endMs,
        end,
      })
    : undefined;
  const idleMs = decision.isStream ? limits.streamIdleMsMax : 0;
  const idle = idleMs > 0 ? setTimeout(() => end('idle'), idleMs) : undefined;
  answer.on('data', (chunk: Buffer) => {
    counted.out += chunk.length;
    lastByte = chunk.at(-1) ?? lastByte;
    idle?.refresh();
  });
  answer.on('error', () => response.destroy());
  answer.on('close', () => {
    if (!answer.complete && ended === undefined) response.destroy();
  });
  response.once('close', () => {
    answer.destroy();
    resolve();
  });
  if (decision.isStream) response.flushHeaders();
  answer.pipe(response);
  await done;
  release?.();
  clearTimeout(idle);
  return ended === undefined ? undefined : endText(ended);
}

function isJsonWatch(admitted: Admitted, answer: IncomingMessage): boolean {
  const { info } = admitted.decision;
  const json = (answer.headers['content-type'] ?? '').startsWith('application/json');
  return info.verb === 'watch' && json && answer.headers['content-encoding'] === undefined;
}

/** Told to a watch, so that clients list again and learn why, instead of waiting. */
function lastEvent(reason: EndReason): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: endText(reason),
    reason: 'Expired',
    code: 410,
  };
  return `${JSON.stringify({ type: 'ERROR', object: status })}\n`;
}

function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError('GATEWAY_TOO_LARGE', `the body is larger than ${bytesMax} bytes`, {
    close: true,
  });
}

/** For logs: what a fault of the way upstream was. */
export function causeText(thrown: unknown): string {
  const cause = thrown instanceof GatewayError ? thrown.cause : undefined;
  return cause === undefined ? messageOf(thrown) : messageOf(cause);
}
