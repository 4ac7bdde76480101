/**
 * Status line and headers of an answer, and what they say about its body.
 * @spec RFC9112 4 5 6.3
 */
import { HttpError } from '../errors.ts';

export interface AnswerHead {
  readonly status: number;
  /** Header lines as they came, names in lower case: name, value, name, value. */
  readonly lines: readonly string[];
  /** How the end of the body is known; `close`: by the end of the connection. */
  readonly body: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body, when that is said; also for an answer to HEAD. */
  readonly length: number | undefined;
  /** The connection may carry another request afterwards. */
  readonly keepAlive: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** No blank before the colon, no folding, no controls. */
const headerLine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;
const linesMax = 256;

/**
 * @param text the head as Latin-1, without the empty line
 * @param method of the request: an answer to HEAD has no body
 * @throws HttpError HTTP_ANSWER_INVALID
 */
export function parseAnswerHead(text: string, method: string): AnswerHead {
  const rows = text.split('\r\n');
  const first = statusLine.exec(rows[0] ?? '');
  if (first === null) throw invalid('its status line');
  if (rows.length > linesMax) throw invalid('its number of headers');
  const status = Number(first[2]);
  const lines: string[] = [];
  let keepAlive = first[1] === '1';
  let length: string | undefined;
  let encoding: string | undefined;
  for (let at = 1; at < rows.length; at++) {
    const row = rows[at] ?? '';
    if (!headerLine.test(row)) throw invalid('a header line');
    const colon = row.indexOf(':');
    const name = row.slice(0, colon).toLowerCase();
    const value = withoutBlanks(row, colon + 1);
    lines.push(name, value);
    if (name === 'content-length') {
      if (length !== undefined) throw invalid('two lengths');
      length = value;
    } else if (name === 'transfer-encoding') {
      if (encoding !== undefined) throw invalid('two transfer encodings');
      encoding = value.toLowerCase();
    } else if (name === 'connection') {
      if (/(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value)) keepAlive = false;
    }
  }
  if (encoding !== undefined) {
    if (encoding !== 'chunked' || first[1] !== '1') throw invalid('its transfer encoding');
    if (length !== undefined) throw invalid('a length beside a transfer encoding');
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw invalid('its length');
  const body = bodyOf(status, method, length, encoding);
  return {
    status,
    lines,
    body,
    length: length === undefined ? undefined : Number(length),
    keepAlive: keepAlive && body !== 'close',
  };
}

/** The rest of a line without blanks around it; other spaces than these two belong to the value. */
function withoutBlanks(row: string, from: number): string {
  let [start, end] = [from, row.length];
  while (start < end && isBlank(row.charCodeAt(start))) start++;
  while (end > start && isBlank(row.charCodeAt(end - 1))) end--;
  return row.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The first value of a header. @param name lower case */
export function headerOf({ lines }: AnswerHead, name: string): string | undefined {
  for (let at = 0; at < lines.length; at += 2) if (lines[at] === name) return lines[at + 1];
  return undefined;
}

function bodyOf(
  status: number,
  method: string,
  length: string | undefined,
  encoding: string | undefined,
): AnswerHead['body'] {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
  if (encoding !== undefined) return 'chunked';
  return length === undefined ? 'close' : 'length';
}

function invalid(what: string): HttpError {
  return new HttpError('HTTP_ANSWER_INVALID', `the answer cannot be read: ${what}`);
}
