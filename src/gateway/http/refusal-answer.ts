/** Refusals as a Kubernetes Status, over a response or over the bare socket of an upgrade. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { sendReply } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { quietHeaders } from '../proxy/response-headers.ts';

/** What is not a refusal is our fault, told without words of ours. */
export function refusalOf(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('GATEWAY_CONFIG', 'the request could not be finished', { cause: thrown });
}

/** Sends the refusal when nothing was sent yet, else cuts the answer. */
export function sendRefusal(response: ServerResponse, fault: GatewayError, auditId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = bodyOf(fault, auditId);
  sendReply(response, {
    status: fault.httpStatus,
    contentType: 'application/json',
    body,
    headers: headersOf(fault, auditId),
  });
}

/** Writes the refusal of an upgrade and closes. */
export function writeRefusal(socket: Duplex, fault: GatewayError, auditId: string): void {
  const body = bodyOf(fault, auditId);
  const headers = {
    ...headersOf(fault, auditId),
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${fault.httpStatus} ${fault.reason}\r\n${lines.join('')}\r\n${body}`);
  // Whatever else comes on this connection is not read for anybody.
  socket.resume();
  setTimeout(() => socket.destroy(), closeMsMax).unref();
}

/** For the client to read the refusal of an upgrade; milliseconds. */
const closeMsMax = 1000;

function headersOf(fault: GatewayError, auditId: string): Record<string, string> {
  const after = fault.retryAfterSeconds;
  return {
    ...quietHeaders,
    'cache-control': 'no-store',
    'audit-id': auditId,
    ...(after === undefined ? {} : { 'retry-after': String(after) }),
    ...(fault.httpStatus === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(fault.httpStatus === 405 ? { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' } : {}),
    ...(fault.close || fault.httpStatus === 413 ? { connection: 'close' } : {}),
  };
}

function bodyOf(fault: GatewayError, auditId: string): string {
  const after = fault.retryAfterSeconds;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: escaped(`${fault.message} (audit ${auditId})`),
    reason: fault.reason,
    details: {
      ...(fault.rule === undefined ? {} : { causes: [{ reason: 'Rule', message: fault.rule }] }),
      ...(after === undefined ? {} : { retryAfterSeconds: after }),
    },
    code: fault.httpStatus,
  };
  return `${JSON.stringify(status)}\n`;
}

/** As the API server does, so that a browser that guesses sees no markup. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
