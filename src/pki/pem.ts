/** PEM texts of one or more certificates, as `ca.crt` carries them: read with bounds, written whole. */
import { PkiError } from './errors.ts';

/** Longest bundle that is read, in characters. */
export const bundleCharsMax = 262_144;
/** Most certificates in one bundle. */
export const bundleCertificatesMax = 32;

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * The certificates of a bundle, each as its own PEM text, in order. Text between them is skipped.
 * @throws PkiError PKI_PEM_INVALID when there are none or too many
 */
export function splitBundle(pem: string): readonly string[] {
  if (pem.length > bundleCharsMax) {
    throw new PkiError('PKI_PEM_INVALID', 'bundle is too long', { facts: { bundleCharsMax } });
  }
  const blocks = pem.match(block) ?? [];
  if (blocks.length === 0 || blocks.length > bundleCertificatesMax) {
    throw new PkiError('PKI_PEM_INVALID', 'bundle holds no certificate or too many', {
      facts: { certificates: blocks.length, bundleCertificatesMax },
    });
  }
  return blocks.map((text) => `${text.replaceAll('\r', '')}\n`);
}

/** One bundle of several PEM texts, without repeats, in order. */
export function joinBundle(parts: readonly string[]): string {
  const seen = new Set<string>();
  for (const part of parts) for (const certificate of splitBundle(part)) seen.add(certificate);
  return [...seen].join('');
}

/** PEM of DER bytes. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
