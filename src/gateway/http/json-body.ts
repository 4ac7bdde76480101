/** Bodies of the gateway's own API: small JSON objects with known members and nothing else. */
import type { IncomingMessage } from 'node:http';
import { HttpError, readBody } from '#http/index.ts';
import { isRecord } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

const bodyBytesMax = 64 * 1024;

/**
 * @param members names that may be there
 * @throws GatewayError GATEWAY_REQUEST, GATEWAY_TOO_LARGE
 */
export async function readJson<Name extends string>(
  request: IncomingMessage,
  lines: HeaderLines,
  members: readonly Name[],
): Promise<Partial<Record<Name, unknown>>> {
  const type = lineOf(lines, 'content-type') ?? '';
  if (!/^application\/json(?:\s*;|$)/i.test(type)) {
    throw refused('the body must be application/json');
  }
  const value = parse(await body(request));
  if (!isRecord(value)) throw refused('the body is not an object');
  for (const name of Object.keys(value)) {
    if (!members.some((known) => known === name)) {
      throw refused(`the body has an unknown member ${JSON.stringify(name.slice(0, 64))}`);
    }
  }
  return value as Partial<Record<Name, unknown>>;
}

async function body(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, bodyBytesMax);
  } catch (cause) {
    if (!(cause instanceof HttpError)) throw cause;
    if (cause.code !== 'HTTP_BODY_TOO_LARGE') throw refused('the body is not complete');
    throw new GatewayError('GATEWAY_TOO_LARGE', `the body is larger than ${bodyBytesMax} bytes`, {
      cause,
      close: true,
    });
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw refused('the body is not JSON');
  }
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}
