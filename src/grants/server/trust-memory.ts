/**
 * What joiners of a site should trust, and what stands against its authority, kept for a while:
 * reading certificates and verifying signatures takes as long as all else of a redemption.
 */
import type { Secret } from '../kinds.ts';
import { bundleForJoiners, faultOfTrust } from '../site-trust.ts';

/** The Secrets of a site that decide. */
export interface TrustInputs {
  /** What its routers show. */
  readonly server: Secret | undefined;
  /** Its CA. */
  readonly issuer: Secret;
  readonly issuerName: string;
  /** The issuer's own bundle, PEM. */
  readonly issuerBundle: string;
}

/** What came out. */
export interface SiteTrust {
  readonly fault: string | undefined;
  /** What joiners should trust, PEM. */
  readonly bundlePem: string;
}

interface Entry extends SiteTrust {
  readonly server: Secret | undefined;
  readonly untilMs: number;
}

/** Certificates end, so that nothing found out is true for ever; milliseconds. */
const keepMs = 10_000;

export class TrustMemory {
  /** By the issuer: cached objects are replaced when they change, so the object itself is the key. */
  readonly #entries = new WeakMap<Secret, Entry>();

  /** The trust of a site as of `nowMs`, or a few seconds before. */
  of({ server, issuer, issuerName, issuerBundle }: TrustInputs, nowMs: number): SiteTrust {
    const known = this.#entries.get(issuer);
    const isFresh = known !== undefined && known.untilMs > nowMs && known.untilMs <= nowMs + keepMs;
    if (isFresh && known.server === server) return known;
    const entry = {
      server,
      untilMs: nowMs + keepMs,
      fault: faultOfTrust(server, issuer, issuerName),
      bundlePem: bundleForJoiners(server, issuerBundle, nowMs),
    };
    this.#entries.set(issuer, entry);
    return entry;
  }
}
