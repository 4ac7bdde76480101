/**
 * An ordinary request: forwarded as its bytes were decided about, answered as the API server
 * answers. Bodies stream both ways and wait for whoever is slow; watches and followed logs are
 * under the registry's eye.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '#base/errors.ts';
import type { Exchange } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { lineOf } from '../request/inbound-headers.ts';
import { AnswerRelay } from './answer-relay.ts';
import type { Admitted, Outcome } from './exchange.ts';
import type { ForwardDeps, ForwardLimits } from './forward-limits.ts';
import { passedHeaders } from './outbound-headers.ts';
import type { BodyFraming } from './upstream.ts';
import { upstreamFault } from './upstream-fault.ts';

/** @throws GatewayError when nothing was sent to the client yet */
export async function forward(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Outcome> {
  const framing = framingOf(admitted, limits);
  const { upstream, method, access, auditId, client } = admitted;
  const relay = new AnswerRelay(deps, limits, admitted, response);
  let exchange: Exchange;
  try {
    const known = upstream.credentials();
    const credentials = known instanceof Promise ? await known : known;
    const sender = upstream.senderText(credentials, access.grant, deps.identity);
    const headers = passedHeaders(admitted.lines, auditId, client);
    const asked = { method, path: admitted.target.raw, headers, sender, body: framing };
    exchange = upstream.send(credentials, asked, relay);
  } catch (thrown) {
    throw upstreamFault(thrown);
  }
  relay.begin(exchange);
  const counted = { in: 0 };
  if (framing !== 'none') sendBody(request, exchange, relay, counted, limits.bodyBytesMax);
  const { status, bytesOut, ended } = await relay.done;
  return { status, bytesIn: counted.in, bytesOut, ended };
}

/** @throws GatewayError GATEWAY_TOO_LARGE */
function framingOf({ lines }: Admitted, { bodyBytesMax }: ForwardLimits): BodyFraming {
  if (lineOf(lines, 'transfer-encoding') !== undefined) return 'chunked';
  const announced = Number(lineOf(lines, 'content-length') ?? 0);
  if (announced > bodyBytesMax) throw tooLarge(bodyBytesMax);
  return announced > 0 ? 'length' : 'none';
}

/** The body as it comes, no faster than the API server takes it. */
function sendBody(
  request: IncomingMessage,
  exchange: Exchange,
  relay: AnswerRelay,
  counted: { in: number },
  bytesMax: number,
): void {
  request.on('data', (chunk: Buffer) => {
    counted.in += chunk.length;
    if (counted.in > bytesMax) {
      request.pause();
      relay.giveUp(tooLarge(bytesMax));
    } else if (!exchange.write(chunk)) {
      request.pause();
      exchange.onceDrained(() => request.resume());
    }
  });
  request.once('end', () => exchange.end());
  request.once('error', () => exchange.cancel());
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
