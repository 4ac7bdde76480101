/**
 * Subject and host names of certificates. Hosts are split into DNS names and IP addresses.
 * @spec RFC5280 4.1.2.4 4.2.1.6
 */
import { PkiError } from './errors.ts';

/** Upper bound of a common name, in characters. @spec RFC5280 A.1 */
export const commonNameCharsMax = 64;
/** Most hosts that one certificate may name. */
export const hostsMax = 256;

/** Who a certificate is for: CN and O. */
export interface SubjectName {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** Hosts sorted by kind; IP addresses also in their 4 or 16 bytes. */
export interface HostNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly ipBytes: readonly Uint8Array[];
}

const dnsLabel = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * Splits hosts into DNS names and IP addresses: trimmed, lower-cased, without repeats and empties.
 * @throws PkiError PKI_NAME_INVALID
 */
export function splitHosts(hosts: readonly string[]): HostNames {
  const dnsNames = new Set<string>();
  const addresses = new Map<string, Uint8Array>();
  for (const raw of hosts) {
    const host = raw.trim().toLowerCase();
    if (host === '') continue;
    const bytes = parseIpAddress(host);
    if (bytes !== undefined) addresses.set(formatIpAddress(bytes), bytes);
    else if (isDnsName(host)) dnsNames.add(host);
    else
      throw new PkiError('PKI_NAME_INVALID', 'host is no DNS name or IP address', {
        facts: { host: host.slice(0, 80) },
      });
  }
  if (dnsNames.size + addresses.size > hostsMax) {
    throw new PkiError('PKI_NAME_INVALID', 'too many hosts', { facts: { hostsMax } });
  }
  return {
    dnsNames: [...dnsNames],
    ipAddresses: [...addresses.keys()],
    ipBytes: [...addresses.values()],
  };
}

/** The hosts as they stand in a certificate, sorted: what two host lists are compared by. */
export function canonicalHosts(hosts: readonly string[]): readonly string[] {
  const { dnsNames, ipAddresses } = splitHosts(hosts);
  return [...dnsNames, ...ipAddresses].sort();
}

/** A DNS name, also with a leading `*.` label. Underscores pass, as Kubernetes and others use them. */
export function isDnsName(name: string): boolean {
  if (name.length > 253) return false;
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  return labels.every(
    (label, index) => (index === 0 && label === '*' && labels.length > 1) || dnsLabel.test(label),
  );
}

/** @throws PkiError PKI_NAME_INVALID when the name cannot be a subject. */
export function checkSubject(subject: SubjectName): void {
  for (const name of [subject.commonName, ...(subject.organizations ?? [])]) {
    // Control characters would be legal DER and a nuisance in every log and terminal.
    const fits = name.length > 0 && name.length <= commonNameCharsMax && !/\p{Cc}/u.test(name);
    if (!fits || !name.isWellFormed()) {
      throw new PkiError(
        'PKI_NAME_INVALID',
        'subject is empty, too long or has control characters',
        {
          facts: { charsMax: commonNameCharsMax },
        },
      );
    }
  }
}

/** The 4 or 16 bytes of an IP literal, or undefined when it is none. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return bare.includes(':') ? parseIpv6(bare) : parseIpv4(bare);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  let source = text;
  const lastColon = source.lastIndexOf(':');
  const tail = source.slice(lastColon + 1);
  if (tail.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(tail) ?? [];
    if (parseIpv4(tail) === undefined) return undefined;
    source = `${source.slice(0, lastColon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [
    ...head,
    ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => '0'),
    ...rest,
  ];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** The canonical text of 4 or 16 address bytes; bytes of another length as hex. @spec RFC5952 4 */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return Buffer.from(bytes).toString('hex');
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0),
  );
  const gap = longestZeroRun(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gap.size < 2 ? text(0, 8) : `${text(0, gap.start)}::${text(gap.start + gap.size, 8)}`;
}

function longestZeroRun(groups: readonly number[]): {
  readonly start: number;
  readonly size: number;
} {
  let best = { start: 0, size: 0 };
  for (let start = 0; start < groups.length; start++) {
    let size = 0;
    while (groups[start + size] === 0) size++;
    if (size > best.size) best = { start, size };
  }
  return best;
}
