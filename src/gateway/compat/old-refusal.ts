/** Refusals in the words of kube-gateway. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { sendReply } from '#http/index.ts';
import type { GatewayError } from '../errors.ts';
import { quietHeaders } from '../proxy/response-headers.ts';

/** kubectl and its kin read a Status; the pages of kube-gateway read its own keys. */
export function isTool(request: IncomingMessage): boolean {
  return /^kubectl\/|kubernetes\//.test(request.headers['user-agent'] ?? '');
}

/** A refusal with the keys of kube-gateway. */
export function sendOldRefusal(
  response: ServerResponse,
  fault: GatewayError,
  auditId: string,
  url: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const mint = url.startsWith('/auth/jwt/request');
  const message = `${fault.message} (audit ${auditId})`;
  const body = mint
    ? { api: 'kube-gateway/token', code: fault.httpStatus, kind: 'Error', status: message }
    : {
        api: 'kube-gateway/proxy',
        code: fault.httpStatus,
        kind: 'Error',
        message,
        status: 'Forbidden',
      };
  const headers: OutgoingHttpHeaders = {
    ...quietHeaders,
    'cache-control': 'no-store',
    'audit-id': auditId,
    ...(fault.retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(fault.retryAfterSeconds) }),
    ...(fault.close ? { connection: 'close' } : {}),
  };
  sendReply(response, {
    status: fault.httpStatus,
    contentType: 'application/json',
    body: JSON.stringify(body),
    headers,
  });
}
