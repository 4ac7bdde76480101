/** One file that browsers load, and answering with it. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { sendReply } from '#http/index.ts';

export interface Asset {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong validator of the content, with its quotes. */
  readonly etag: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Files without an ending are pages, as in the web application of kube-gateway. */
const contentTypeDefault = 'text/html; charset=utf-8';

/** The asset of a file; undefined for endings that browsers are not given. */
export function assetOf(path: string, body: Buffer): Asset | undefined {
  const ending = extname(path).toLowerCase();
  const contentType = ending === '' ? contentTypeDefault : contentTypes[ending];
  if (contentType === undefined) return undefined;
  const digest = createHash('sha256').update(body).digest('base64url');
  return { body, contentType, etag: `"${digest}"` };
}

/** Answers with the asset, or with 304 when the browser has it. */
export function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  asset: Asset,
  headers: OutgoingHttpHeaders,
): void {
  const all = { ...headers, etag: asset.etag };
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304, all).end();
    return;
  }
  const { body, contentType } = asset;
  sendReply(response, { status: 200, contentType, body, headers: all });
}
