/** Randomness as an argument, so that tests and the simulator can seed it. */
export interface Random {
  /** `size` cryptographically strong bytes (a seeded source in tests). */
  bytes(size: number): Uint8Array;
}

/**
 * A random text over `alphabet`, without modulo bias.
 * @param alphabet between 2 and 256 different characters
 */
export function randomText(random: Random, length: number, alphabet: string): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte >= limit || text.length === length) continue;
      text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}

/** A number in [0, 1) with 32 bits of randomness; for jitter, not for secrets. */
export function randomFraction(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 0x1_0000_0000;
}

/** Letters and digits, as Skupper uses for codes. */
export const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
