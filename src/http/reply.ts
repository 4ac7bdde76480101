/** Whole answers with exact headers. Streams write to the response themselves. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
}

/** Sends a whole answer; does nothing when one was begun already. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  response.writeHead(reply.status, {
    ...reply.headers,
    'content-type': reply.contentType,
    'content-length': body.byteLength,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Sends `value` as JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  sendReply(response, {
    status,
    contentType: 'application/json',
    body: JSON.stringify(value),
    headers,
  });
}

/** Sends plain text. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  sendReply(response, { status, contentType: 'text/plain; charset=utf-8', body: text });
}
