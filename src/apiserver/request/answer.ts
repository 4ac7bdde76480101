/** Writing answers: values in the negotiated form, Status documents, headers. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { messageOf } from '#base/errors.ts';
import { HttpError, sendReply } from '#http/index.ts';
import { badRequest, internalError, StatusError, tooLarge, yamlText } from '#kube/index.ts';
import type { Form } from './media-type.ts';

/** Warnings of one answer and characters of each; more would not fit a header. */
const warningsMax = 32;
const warningCharsMax = 512;

/** Bytes from which an answer is packed for those who take it; below, packing costs more than it saves. */
export const gzipBytesMin = 128 * 1024;

/** Speed before size: lists are packed on the machine that everybody shares. */
const gzipLevel = 1;

/** Sends a value as JSON, or YAML when that was asked for; packed when it is large and may be. */
export function sendValue(
  response: ServerResponse,
  status: number,
  value: unknown,
  form: Form = 'json',
): void {
  const yaml = form === 'yaml';
  const contentType = yaml ? 'application/yaml' : 'application/json';
  const body = Buffer.from(yaml ? yamlText(value) : JSON.stringify(value));
  const headers = { 'cache-control': 'no-cache, private' };
  const plain = (): void => sendReply(response, { status, contentType, body, headers });
  if (body.byteLength < gzipBytesMin || !takesGzip(response.req.headers['accept-encoding'])) {
    plain();
    return;
  }
  // In a thread of its own, so that a large list does not hold up everybody else.
  gzip(body, { level: gzipLevel }, (fault, packed) => {
    if (fault) plain();
    else {
      const more = { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' };
      sendReply(response, { status, contentType, body: packed, headers: more });
    }
  });
}

/** Whether an Accept-Encoding names gzip, and not with weight 0. */
export function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((part) => /^\s*gzip\s*(?:;(?!\s*q=0(?:\.0*)?\s*$)|$)/u.test(part));
}

/** Sends the Status of a fault. */
export function sendFault(response: ServerResponse, fault: StatusError): void {
  const headers: OutgoingHttpHeaders = { 'cache-control': 'no-cache, private' };
  const { retryAfterSeconds } = fault.status.details ?? {};
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  // What was not read of a refused body cannot be skipped safely.
  if (fault.httpStatus === 413) headers['connection'] = 'close';
  const body = JSON.stringify(fault.status);
  sendReply(response, { status: fault.httpStatus, contentType: 'application/json', body, headers });
}

/** Adds the `Warning` headers. @spec RFC7234 5.5 */
export function setWarnings(response: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const texts = [...new Set(warnings)].slice(0, warningsMax).map(warningHeader);
  const before = response.getHeader('Warning') ?? [];
  response.setHeader('Warning', [...(Array.isArray(before) ? before : [String(before)]), ...texts]);
}

function warningHeader(text: string): string {
  // Header values are Latin-1 without controls.
  const plain = text.slice(0, warningCharsMax).replace(/[^\x20-\x7e]/gu, '?');
  return `299 - "${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/**
 * Anything thrown while answering, as a fault to be sent.
 * @param bodyBytesMax named when a body was too large
 */
export function faultOf(thrown: unknown, bodyBytesMax: number): StatusError {
  if (thrown instanceof StatusError) return thrown;
  if (thrown instanceof HttpError) {
    if (thrown.code === 'HTTP_BODY_TOO_LARGE') return tooLarge(bodyBytesMax);
    return badRequest(messageOf(thrown), thrown);
  }
  return internalError('the request could not be finished', thrown);
}
