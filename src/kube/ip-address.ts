/** IP addresses as texts. */

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/u;
const ipv6 = /^(?=.*:)[0-9a-f:]+(?:\d+\.\d+\.\d+\.\d+)?$/iu;

/** What Kubernetes says of a text that is no address. */
export const badAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** 4, 6, or 0 when the text is no address. */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (ipv4.test(text)) return 4;
  return ipv6.test(text) ? 6 : 0;
}
