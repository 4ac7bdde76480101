/** The proxyProfile entities: HTTP proxies that connectors go through. */
import { readFileSync } from 'node:fs';
import { messageOf } from '#base/errors.ts';
import type { ProxyOptions } from '#net/index.ts';
import { RouterError } from '../errors.ts';

export interface ProxyProfile {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  /** `file:PATH`, `literal:TEXT`, `pass:TEXT`, or the password itself. */
  readonly password: string | undefined;
}

/** Largest password file that is read, characters. */
const passwordLengthMax = 4096;

export class ProxyProfiles {
  readonly #profiles = new Map<string, ProxyProfile>();

  set(name: string, profile: ProxyProfile): void {
    this.#profiles.set(name, profile);
  }

  delete(name: string): void {
    this.#profiles.delete(name);
  }

  /**
   * Read each time, so that a new password in the file counts from the next attempt on.
   * @throws RouterError ROUTER_PROXY_UNUSABLE
   */
  resolve(name: string): ProxyOptions {
    const profile = this.#profiles.get(name);
    if (profile === undefined) throw unusable(name, `no proxyProfile named ${name}`);
    const { host, port, username, password } = profile;
    if (username === undefined) return { host, port };
    return { host, port, credentials: { username, password: passwordOf(name, password ?? '') } };
  }
}

function passwordOf(name: string, text: string): string {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(0, colon))) {
    case 'file':
      return readPassword(name, rest);
    case 'literal':
    case 'pass':
      return rest;
    default:
      return text;
  }
}

function readPassword(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
      .slice(0, passwordLengthMax)
      .replace(/\r?\n$/u, '');
  } catch (thrown) {
    throw unusable(
      name,
      `the password of proxyProfile ${name} cannot be read: ${messageOf(thrown)}`,
    );
  }
}

function unusable(resource: string, message: string): RouterError {
  return new RouterError('ROUTER_PROXY_UNUSABLE', message, {
    retry: 'backoff',
    facts: { resource },
  });
}
