/** A question to the gateway's own API, and its answer or its refusal in its own words. */
import { HttpError, type HttpResponse, httpsRequest } from '#http/index.ts';
import { isRecord } from '#kube/index.ts';
import { CliError } from '../../errors.ts';

export interface GatewayQuestion {
  /** `https://host:port` of the gateway. */
  readonly gateway: string;
  /** PEM bundle; absent or empty: the system's roots. */
  readonly ca?: string;
  /** Below `/gateway/v1/`. */
  readonly path: string;
  readonly authorization?: string;
  readonly body: object;
  /** What to do about an answer of this status that refuses. */
  readonly todoOf: (status: number) => string;
}

/** Characters of the gateway's words that are shown. */
const wordsMax = 1000;

/**
 * @returns the object in the answer, empty when there is none
 * @throws CliError CLI_REFUSED with the gateway's words, CLI_API_NOT_FOUND
 */
export async function postToGateway(asked: GatewayQuestion): Promise<Record<string, unknown>> {
  const { gateway, todoOf } = asked;
  const answer = await send(asked);
  const said = parsed(answer);
  const { status } = answer;
  if (status === 200 || status === 201) return said;
  const words = typeof said['message'] === 'string' ? said['message'].slice(0, wordsMax) : '';
  throw new CliError('CLI_REFUSED', `${gateway} refused with ${status}: ${words}`, {
    todo: todoOf(status),
  });
}

async function send(asked: GatewayQuestion): Promise<HttpResponse> {
  const { gateway, ca = '', path, authorization, body } = asked;
  try {
    return await httpsRequest({
      url: `${gateway}/gateway/v1/${path}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify(body),
      minVersion: 'TLSv1.2',
      ...(ca === '' ? {} : { ca }),
    });
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    throw new CliError('CLI_API_NOT_FOUND', `${gateway} cannot be asked: ${thrown.message}`, {
      todo: 'check the address of the gateway and that it runs, and the CA file when its certificate is not publicly trusted',
      cause: thrown,
    });
  }
}

function parsed(answer: HttpResponse): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.body.toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
