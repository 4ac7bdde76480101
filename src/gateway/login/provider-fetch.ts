/** Requests to the provider: bounded, without redirects, trusting the CA that is configured. */
import { httpsRequest } from '#http/index.ts';

/** As much of `fetch` as the libraries of OpenID use. */
export type ProviderFetch = (url: string, options: ProviderFetchOptions) => Promise<Response>;

interface ProviderFetchOptions {
  readonly method: string;
  readonly headers: Headers | Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const answerBytesMax = 256 * 1024;
const timeoutMs = 10_000;

/**
 * @param ca PEM of the only CAs that are trusted; absent: those of the system
 * @param checked false: any certificate will do
 */
export function providerFetch(ca: string | undefined, checked = true): ProviderFetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await httpsRequest({
      url,
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(signal === undefined ? {} : { signal }),
      rejectUnauthorized: checked,
      minVersion: 'TLSv1.2',
      timeoutMs,
      bodyBytesMax: answerBytesMax,
    });
    const type = answer.headers['content-type'];
    const empty = answer.body.length === 0;
    return new Response(empty ? null : new Uint8Array(answer.body), {
      status: answer.status,
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });
  };
}
