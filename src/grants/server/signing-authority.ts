/** The authority in a Secret, ready to sign for joiners. Reading keys costs; the last are kept. */
import { rotationEntries } from '#apis/index.ts';
import { type Authority, joinBundle, parseAuthority, PkiError } from '#pki/index.ts';
import type { Secret } from '../kinds.ts';
import { textOf } from '../secret-text.ts';

/** An authority and the bundle that those who trust it should hold. */
export interface Signer {
  readonly authority: Authority;
  readonly bundlePem: string;
  /** While it is new: its certificate by the authority before. */
  readonly cross: string | undefined;
}

export class SigningAuthorities {
  /** Cached objects are replaced when they change, so the object itself is the key. */
  readonly #signers = new WeakMap<Secret, Signer>();

  /** @returns undefined when the Secret holds no usable authority */
  of(secret: Secret): Signer | undefined {
    const known = this.#signers.get(secret);
    if (known !== undefined) return known;
    try {
      const certificatePem = textOf(secret, 'tls.crt');
      const authority = parseAuthority(certificatePem, textOf(secret, 'tls.key'));
      const bundle = textOf(secret, 'ca.crt');
      // A CA Secret made by hand or by v1 has no ca.crt: it is its own bundle.
      const bundlePem = joinBundle([authority.certificate.pem, ...(bundle === '' ? [] : [bundle])]);
      const cross = textOf(secret, rotationEntries.cross) || undefined;
      const signer = { authority, bundlePem, cross };
      this.#signers.set(secret, signer);
      return signer;
    } catch (thrown) {
      if (thrown instanceof PkiError) return undefined;
      throw thrown;
    }
  }
}
