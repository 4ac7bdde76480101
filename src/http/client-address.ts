/** Who is calling: the socket's address, or what a proxy that we trust says; and networks of them. */
import { BlockList, isIP } from 'node:net';

/** The address without its zone; an IPv4 address in IPv6 clothing is taken for what it is. */
function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1] ?? plain;
}

/** Addresses and ranges as one list; or the first text that is neither. */
export function networksOf(texts: readonly string[]): BlockList | { readonly wrong: string } {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits, ...more] = text.split('/');
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const whole = bits === undefined || /^\d{1,3}$/.test(bits);
    const prefix = bits === undefined ? most : Number(bits);
    if (version === 0 || more.length > 0 || !whole || prefix > most) return { wrong: text };
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** True when the address lies in the networks. */
export function isInside(networks: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const version = isIP(plain);
  return version !== 0 && networks.check(plain, version === 4 ? 'ipv4' : 'ipv6');
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
  let nearest = plainAddress(socketAddress);
  for (const hop of hops.toReversed()) {
    if (!isInside(trusted, nearest) || isIP(hop) === 0) break;
    nearest = plainAddress(hop);
  }
  return nearest;
}
