/**
 * Upgrades for kubectl exec, attach, port-forward and the consoles: WebSocket and SPDY/3.1. Not one
 * byte of the client goes on before the API server has agreed to the same protocol; a refusal is
 * relayed as it is and both connections close.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { headerText } from '#http/index.ts';
import type { KubeCredentials } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';
import { beginRecording, recordable } from '../recording/begin-recording.ts';
import type { Recording } from '../recording/recording.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { type Admitted, type Outcome, ownerOf } from './exchange.ts';
import type { ForwardDeps, ForwardLimits } from './forward-limits.ts';
import { identityHeaders } from './identity.ts';
import { upgradeHeaders } from './outbound-headers.ts';
import { answerHeaders, withHeader } from './response-headers.ts';
import { tunnel, type TunnelSide } from './tunnel.ts';
import type { Upstream } from './upstream.ts';
import { upstreamFault } from './upstream-fault.ts';
import { isAccepted, type Offer } from './web-socket-offer.ts';

export type UpgradeProtocol = 'websocket' | 'SPDY/3.1';

/** What an upgrade needs beside the request. */
export interface UpgradeAsked {
  readonly protocol: UpgradeProtocol;
  readonly offer: Offer;
  readonly socket: Duplex;
  /** Bytes that the client sent too early; they wait. */
  readonly head: Buffer;
}

/** Bytes a client may send before the switch. */
const headBytesMax = 64 * 1024;
/** Body of a refusal that is relayed; bytes. */
const refusalBytesMax = 64 * 1024;

/** The protocol asked for. @throws GatewayError GATEWAY_REQUEST for any other */
export function protocolAsked(method: string, lines: HeaderLines): UpgradeProtocol {
  const asked = lineOf(lines, 'upgrade')?.toLowerCase();
  if (asked === 'websocket' && method === 'GET') return 'websocket';
  // kubectl sends POST, older clients GET.
  if (asked === 'spdy/3.1' && (method === 'POST' || method === 'GET')) return 'SPDY/3.1';
  throw new GatewayError('GATEWAY_REQUEST', 'only WebSocket and SPDY/3.1 can be upgraded to', {
    close: true,
  });
}

/** @throws GatewayError when nothing was sent to the client yet */
export async function upgrade(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  asked: UpgradeAsked,
): Promise<Outcome> {
  if (asked.head.length > headBytesMax) {
    throw new GatewayError('GATEWAY_REQUEST', 'too many bytes before the upgrade', { close: true });
  }
  refuseActing(admitted, asked.protocol);
  const recording = await beginRecording(deps.recordings, admitted, asked, deps.identity);
  try {
    return await open(deps, limits, admitted, { ...asked, recording });
  } catch (thrown) {
    await recording?.discard();
    throw thrown;
  }
}

interface Asked extends UpgradeAsked {
  readonly recording: Recording | undefined;
}

async function open(
  deps: ForwardDeps,
  limits: ForwardLimits,
  admitted: Admitted,
  asked: Asked,
): Promise<Outcome> {
  const { upstream } = admitted;
  const credentials = await credentialsOf(upstream);
  const headers = upgradeHeaders(
    admitted.lines,
    {
      host: upstream.host,
      credentials: credentials.headers,
      identity: identityHeaders(admitted.access, deps.identity),
      auditId: admitted.auditId,
      client: admitted.client,
    },
    asked.protocol,
    asked.recording === undefined ? asked.offer.protocols : recordable(asked.offer),
  );
  const { method, target } = admitted;
  const out = upstream.open(credentials, { method, path: target.raw, headers });
  const answer = await answerTo(out, admitted, asked.socket);
  if (answer.switched === undefined) {
    await asked.recording?.discard();
    return relayRefusal(admitted, answer.message, asked.socket);
  }
  try {
    refuseOther(admitted.lines, asked, answer.message);
    await deps.countStream(admitted);
    deps.streams.refuseEnded(ownerOf(admitted));
  } catch (thrown) {
    answer.switched.socket.destroy();
    throw thrown;
  }
  asked.socket.write(switchedHead(answer.message, asked.protocol, admitted.auditId));
  const { socket, head, recording } = asked;
  return tunnel(deps, limits, admitted, {
    client: { socket, head },
    server: answer.switched,
    isWebSocket: asked.protocol === 'websocket',
    recording,
  });
}

interface Answer {
  readonly message: IncomingMessage;
  readonly switched: TunnelSide | undefined;
}

function answerTo(out: ClientRequest, admitted: Admitted, client: Duplex): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let late = false;
  const firstByte = setTimeout(() => {
    late = true;
    out.destroy();
  }, admitted.upstream.limits.firstByteMsMax);
  const left = (): void => {
    out.destroy();
  };
  client.once('close', left);
  const settle = (answer: Answer): void => {
    clearTimeout(firstByte);
    client.off('close', left);
    resolve(answer);
  };
  out.once('upgrade', (message, socket, head) => settle({ message, switched: { socket, head } }));
  out.once('response', (message) => settle({ message, switched: undefined }));
  out.on('error', (error) => {
    clearTimeout(firstByte);
    client.off('close', left);
    reject(upstreamFault(error, late));
  });
  out.end();
  return promise;
}

/** A switch to something else than was asked for is no switch. @throws GatewayError GATEWAY_UPSTREAM */
function refuseOther(lines: HeaderLines, asked: Asked, message: IncomingMessage): void {
  const same = message.headers.upgrade?.toLowerCase() === asked.protocol.toLowerCase();
  const accepted =
    asked.protocol !== 'websocket' ||
    isAccepted(lines, asked.offer, {
      accept: message.headers['sec-websocket-accept'],
      protocol: message.headers['sec-websocket-protocol'],
    });
  const named = message.headers['sec-websocket-protocol'] ?? '';
  const readable =
    asked.protocol === 'SPDY/3.1' ||
    asked.recording === undefined ||
    recordable(asked.offer).includes(named);
  if (same && accepted && readable && message.statusCode === 101) return;
  throw new GatewayError('GATEWAY_UPSTREAM', 'the API server switched to another protocol');
}

function switchedHead(message: IncomingMessage, protocol: string, auditId: string): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${protocol}`];
  for (const name of [
    'sec-websocket-accept',
    'sec-websocket-protocol',
    'x-stream-protocol-version',
  ]) {
    const value = message.headers[name];
    if (typeof value === 'string') lines.push(`${name}: ${value}`);
  }
  return `${[...lines, `Audit-Id: ${auditId}`].join('\r\n')}\r\n\r\n`;
}

/** The API server's own answer, as plain HTTP; then nothing more on this connection. */
async function relayRefusal(
  admitted: Admitted,
  message: IncomingMessage,
  socket: Duplex,
): Promise<Outcome> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > refusalBytesMax) break;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const status = message.statusCode ?? 502;
  const { rawHeaders } = message;
  const lines = rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
  const headers = answerHeaders(
    { status, lines },
    {
      auditId: admitted.auditId,
      mount: admitted.mount,
      upstreamOrigin: admitted.upstream.origin,
      browser: admitted.browser,
    },
  );
  const sized = withHeader(headers, 'content-length', String(body.length));
  const head = headerText([...sized, 'connection', 'close']);
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} \r\n${head}\r\n`, 'latin1'), body]));
  return { status, bytesIn: 0, bytesOut: body.length };
}

/**
 * A grant to look only opens screens, whose messages can be told apart, and no other stream that
 * takes input.
 * @throws GatewayError GATEWAY_DENIED
 */
function refuseActing(admitted: Admitted, protocol: UpgradeProtocol): void {
  const { spec } = admitted.access.grant;
  if (spec.viewOnly !== true) return;
  if (admitted.decision.capability === 'vnc' && protocol === 'websocket') return;
  throw new GatewayError('GATEWAY_DENIED', 'this grant is for looking only', { rule: 'viewOnly' });
}

/** @throws GatewayError GATEWAY_UPSTREAM */
async function credentialsOf(upstream: Upstream): Promise<KubeCredentials> {
  try {
    return await upstream.credentials();
  } catch (thrown) {
    throw upstreamFault(thrown);
  }
}
