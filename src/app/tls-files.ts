/**
 * Files that others keep for us: texts read once, and a TLS identity that is read again each minute,
 * because mounted Secrets swap links in ways that file events miss.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { TlsIdentity } from '#http/index.ts';
import { AppError } from './errors.ts';

const intervalMs = 60_000;

/** Paths of a PEM chain and its key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** @param what names it in messages @throws AppError APP_FILE_UNREADABLE */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const message = `cannot read ${what}: ${messageOf(cause)}`;
    throw new AppError('APP_FILE_UNREADABLE', message, 'check the path and its permissions', {
      cause,
    });
  }
}

/**
 * A bundle of CAs. One that holds no certificate would trust nobody, and say so at each connection.
 * @throws AppError APP_FILE_UNREADABLE
 */
export async function readCas(path: string, what: string): Promise<string> {
  const text = await readText(path, what);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  try {
    const all = blocks.map((block) => new X509Certificate(block));
    if (all.length > 0) return text;
  } catch {
    // Told below.
  }
  throw new AppError(
    'APP_FILE_UNREADABLE',
    `${what} ${path} ${blocks.length === 0 ? 'holds no certificate' : 'holds a certificate that cannot be read'}`,
    'give a file with certificates in PEM',
  );
}

/** @throws AppError APP_FILE_UNREADABLE */
export async function readTlsFiles({ cert, key }: TlsFiles): Promise<TlsIdentity> {
  return {
    cert: await readText(cert, 'the certificate'),
    key: await readText(key, 'the key'),
    minVersion: 'TLSv1.2',
  };
}

/**
 * Gives every new identity to `use`; a pair that cannot be read or used leaves the old one in place.
 */
export function followTlsFiles(
  log: Logger,
  files: TlsFiles,
  use: (identity: TlsIdentity) => void,
): Running {
  let last: string | undefined;
  const look = async (): Promise<void> => {
    try {
      const identity = await readTlsFiles(files);
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
