/**
 * One HTTP exchange of the grant server: the request in the words of Skupper v2 or v1, and the
 * answer in the same. Sites of v1 tell their version in the query and themselves in a header of
 * their own, and send no name. The rules are the same for both, and are kept in redeemer.ts.
 * @spec Skupper v1 claim redemption
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { placeOf } from '#base/attempt-limit.ts';
import { HttpError, readBody, sendReply } from '#http/index.ts';
import type { AnswerForm } from './link-documents.ts';
import type { Redeemer, RedemptionRequest } from './redeemer.ts';
import { type Refusal, refusals } from './refusal.ts';

/** Longest code, in bytes. */
const bodyBytesMax = 16 * 1024;

/** What sites of v1 hear instead. */
const earlierTexts: ReadonlyMap<Refusal, string> = new Map<Refusal, string>([
  [refusals.wrongCode, 'Claim refused'],
  [refusals.usedUp, refusals.unknown.text],
]);

/** Answers one request. */
export async function answerRedemption(
  redeemer: Redeemer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = formOf(request);
  if (request.method !== 'POST') return refuse(response, refusals.notPost, form);
  const place = placeOf(request.socket.remoteAddress ?? '');
  const limit = redeemer.limitOf(place);
  if (limit !== undefined) return refuse(response, limit, form);
  let body: Buffer;
  try {
    body = await readBody(request, bodyBytesMax);
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    response.setHeader('connection', 'close');
    return refuse(response, refusals.badBody, form);
  }
  const [path = ''] = (request.url ?? '').split('?', 1);
  const answered = await redeemer.redeem({
    key: path.replaceAll('/', ''),
    body,
    place,
    form,
    ...joinerOf(request, form),
  });
  if ('refusal' in answered) return refuse(response, answered.refusal, form);
  sendReply(response, {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: answered.documents,
    headers: { 'cache-control': 'no-store' },
  });
}

function formOf(request: IncomingMessage): AnswerForm {
  const [, query = ''] = (request.url ?? '').split('?', 2);
  const isEarlier =
    new URLSearchParams(query).has('site-version') && textOf(request, 'name') === undefined;
  return isEarlier ? 'connection-token' : 'links';
}

function joinerOf(
  request: IncomingMessage,
  form: AnswerForm,
): Partial<Pick<RedemptionRequest, 'name' | 'subject' | 'redemptionId' | 'signingRequest'>> {
  if (form === 'connection-token') {
    const subject = textOf(request, 'skupper-site-name');
    return subject === undefined ? {} : { subject };
  }
  const name = textOf(request, 'name');
  const subject = textOf(request, 'subject');
  const redemptionId = textOf(request, 'redemption-id');
  const der = textOf(request, 'certificate-request');
  return {
    ...(name === undefined ? {} : { name }),
    ...(subject === undefined ? {} : { subject }),
    ...(redemptionId === undefined ? {} : { redemptionId }),
    ...(der === undefined ? {} : { signingRequest: pemOf(der) }),
  };
}

function textOf(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Headers have no line breaks: the request travels as bare base64. */
function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function refuse(response: ServerResponse, refusal: Refusal, form: AnswerForm): void {
  const { retryAfterSeconds, status } = refusal;
  const text = (form === 'links' ? undefined : earlierTexts.get(refusal)) ?? refusal.text;
  sendReply(response, {
    status,
    contentType: 'text/plain; charset=utf-8',
    body: `${text}\n`,
    headers: {
      'x-content-type-options': 'nosniff',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  });
}
