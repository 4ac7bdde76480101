/** Reading texts out of Secrets. */
import type { Secret } from './kinds.ts';

/** The text under a key of a Secret's data; empty when absent. */
export function textOf(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
}
