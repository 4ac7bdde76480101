/** Proxies whose word about the client's address counts. */
import { BlockList } from 'node:net';
import { networksOf } from '#http/index.ts';
import { TokenRequestError } from './errors.ts';

/** Ranges of proxies whose `X-Forwarded-For` is believed. @throws TokenRequestError */
export function parseTrustedProxies(ranges: readonly string[]): BlockList {
  const list = networksOf(ranges);
  if (list instanceof BlockList) return list;
  throw new TokenRequestError(
    'TOKENREQUEST_OPTION_INVALID',
    `${JSON.stringify(list.wrong)} is not an address or a range such as 10.0.0.0/8`,
  );
}
