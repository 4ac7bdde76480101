/** Who is calling: the socket's address, or what a proxy that we trust says. */
import { BlockList, isIP } from 'node:net';
import { TokenRequestError } from './errors.ts';

/** Ranges of proxies whose `X-Forwarded-For` is believed. @throws TokenRequestError */
export function parseTrustedProxies(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const version = isIP(address);
    const bitsMax = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? bitsMax : Number(bits);
    const whole = bits === undefined || /^\d{1,3}$/.test(bits);
    if (version === 0 || !whole || prefix > bitsMax) {
      throw new TokenRequestError(
        'TOKENREQUEST_OPTION_INVALID',
        `${JSON.stringify(range)} is not an address or a range such as 10.0.0.0/8`,
      );
    }
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/**
 * The nearest address that is not one of our proxies: read from the right, because everything to
 * the left of the first stranger is only what that stranger said.
 */
export function clientAddress(
  socketAddress: string,
  forwardedFor: string | undefined,
  trusted: BlockList,
): string {
  const hops = forwardedFor === undefined ? [] : forwardedFor.split(',').map((hop) => hop.trim());
  let nearest = socketAddress;
  for (const hop of hops.toReversed()) {
    if (!isTrusted(nearest, trusted) || isIP(hop) === 0) break;
    nearest = hop;
  }
  return nearest;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
