/**
 * A TLS identity kept in files that others renew, such as a mounted Secret. They are read again each
 * minute: mounts swap links in ways that file events miss.
 */
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { TlsIdentity } from '#http/index.ts';

const intervalMs = 60_000;

/**
 * Gives every new identity to `use`; a pair that cannot be read or used leaves the old one in place.
 */
export function watchIdentity(
  log: Logger,
  read: () => Promise<TlsIdentity>,
  use: (identity: TlsIdentity) => void,
): Running {
  let last: string | undefined;
  const look = async (): Promise<void> => {
    try {
      const identity = await read();
      const text = `${identity.cert}${identity.key}`;
      if (text === last) return;
      use(identity);
      last = text;
    } catch (thrown) {
      log.warn('the new TLS files cannot be used, the old ones stay', {
        reason: messageOf(thrown),
      });
    }
  };
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return {
    stop: async () => clearInterval(timer),
  };
}
