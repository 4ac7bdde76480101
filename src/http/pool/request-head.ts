/** The head of a request as it is sent, checked so that no value can add a line of its own. */
import { HttpError } from '../errors.ts';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const value = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param target sent byte for byte
 * @param headers name, value, name, value
 * @param more lines from `headerText`, put first
 * @returns to be sent as Latin-1
 * @throws HttpError HTTP_REQUEST_INVALID
 */
export function requestHead(
  method: string,
  target: string,
  headers: readonly string[],
  more = '',
): string {
  if (!token.test(method) || !/^[\x21-\x7e]+$/.test(target)) throw invalid('method or target');
  return `${method} ${target} HTTP/1.1\r\n${more}${headerText(headers)}\r\n`;
}

/** Header lines, each with its line end. @throws HttpError HTTP_REQUEST_INVALID */
export function headerText(headers: readonly string[]): string {
  let text = '';
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const content = headers[at + 1] ?? '';
    if (!token.test(name) || !value.test(content)) throw invalid(`the header ${name.slice(0, 64)}`);
    text += `${name}: ${content}\r\n`;
  }
  return text;
}

function invalid(what: string): HttpError {
  return new HttpError('HTTP_REQUEST_INVALID', `not sent, because it would be misread: ${what}`);
}
