/** Whether the credentials in a Secret can be used, and until when. Pure. */
import { messageOf } from '#base/errors.ts';
import { type CertificateSummary, keyMatchesCertificate, parseCertificate } from '#pki/index.ts';
import type { Secret } from '../api/kinds.ts';
import { fault, type Finding, note, ok } from './step.ts';

/** Which keys a Secret must have. */
export type Needed = 'client' | 'server' | 'ca';

const keysOf: Readonly<Record<Needed, readonly string[]>> = {
  client: ['ca.crt', 'tls.crt', 'tls.key'],
  server: ['tls.crt', 'tls.key'],
  ca: ['ca.crt'],
};
/** A certificate that ends sooner is worth a word; milliseconds. */
const soonMs = 7 * 24 * 3_600_000;

/** What is to be judged, and the lines that mend it. */
export interface CredentialsOf {
  readonly name: string;
  readonly secret: Secret | undefined;
  readonly needed: Needed;
  readonly namespace: string;
  /** What gets new ones. */
  readonly renew: readonly string[];
}

/** The text of one key; empty when absent. */
export function textIn(secret: Secret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
}

/** One finding, and a second one when the end is near. */
export function credentialFindings(of: CredentialsOf, nowMs: number): readonly Finding[] {
  const { name, secret, namespace, renew } = of;
  const step = 'credentials';
  if (secret === undefined) {
    return [fault(step, `Secret ${name} does not exist in namespace ${namespace}`, ...renew)];
  }
  const missing = keysOf[of.needed].find((key) => textIn(secret, key) === '');
  if (missing !== undefined) {
    return [fault(step, `Secret ${name} has no ${missing}`, ...renew)];
  }
  try {
    return judged(of, secret, nowMs);
  } catch (thrown) {
    return [fault(step, `Secret ${name} cannot be used: ${messageOf(thrown)}`, ...renew)];
  }
}

function judged({ name, needed, renew }: CredentialsOf, secret: Secret, nowMs: number): Finding[] {
  const step = 'credentials';
  const shown = parseCertificate(textIn(secret, needed === 'ca' ? 'ca.crt' : 'tls.crt'));
  const [from, until] = [isoOf(shown.notBeforeMs), isoOf(shown.notAfterMs)];
  if (nowMs < shown.notBeforeMs) {
    return [
      fault(
        step,
        `the certificate in Secret ${name} is valid from ${from}, but the clock here says ${isoOf(nowMs)}`,
        'One of the clocks is wrong. Compare them with `date -u`, then let them be set by the network:',
        '  timedatectl set-ntp true',
      ),
    ];
  }
  if (nowMs >= shown.notAfterMs) {
    return [fault(step, `the certificate in Secret ${name} has expired at ${until}`, ...renew)];
  }
  if (needed !== 'ca' && !keyMatchesCertificate(textIn(secret, 'tls.key'), shown.pem)) {
    return [fault(step, `tls.key and tls.crt of Secret ${name} do not belong together`, ...renew)];
  }
  const found = ok(step, `Secret ${name}: ${subjectOf(shown)}, valid until ${until}`);
  return shown.notAfterMs - nowMs > soonMs
    ? [found]
    : [found, note('renewal', `the certificate ends soon, at ${until}`)];
}

function subjectOf({ commonName, dnsNames, ipAddresses }: CertificateSummary): string {
  const names = [...dnsNames, ...ipAddresses];
  return names.length === 0 ? commonName : `${commonName} (${names.join(', ')})`;
}

/** RFC 3339, whole seconds. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
