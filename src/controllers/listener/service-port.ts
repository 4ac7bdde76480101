/** Names of the ports of a listener Service. */
import { createHash } from 'node:crypto';

/** Longest name of a Service port; characters. */
const nameCharsMax = 63;

/**
 * The name of a Listener, where that is a legal port name; otherwise a shortened one that is still
 * its own.
 */
export function servicePortName(listener: string): string {
  if (listener.length <= nameCharsMax && !listener.includes('.')) return listener;
  const digest = createHash('sha256').update(listener).digest('hex').slice(0, 10);
  const start = listener.replaceAll('.', '-').slice(0, nameCharsMax - digest.length - 1);
  return `${start}-${digest}`;
}
