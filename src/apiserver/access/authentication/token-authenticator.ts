/**
 * Bearer tokens of ServiceAccounts. Somebody who keeps sending wrong ones is made to wait: tokens that
 * were good before are still taken from that address, unknown ones are not looked at.
 */
import type { IncomingMessage } from 'node:http';
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';
import type { Clock } from '#base/clock.ts';
import { tooManyRequests, unauthorized } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import { TokenError } from '#token/index.ts';
import type { TokenChecker } from '../tokens/token-checker.ts';
import type { Authenticator } from './authenticator.ts';

/** Wrong tokens from one address: so many at once, then one each `leakMs`. */
const wrongTokens = { burst: 200, leakMs: 250, keysMax: 4096 };

export class TokenAuthenticator implements Authenticator {
  readonly #checker: TokenChecker;
  readonly #clock: Clock;
  readonly #wrong = new AttemptLimit(wrongTokens);

  constructor(checker: TokenChecker, clock: Clock) {
    this.#checker = checker;
    this.#clock = clock;
  }

  async authenticate(request: IncomingMessage): Promise<User | undefined> {
    const token = bearerOf(request);
    if (token === undefined) return undefined;
    const place = placeOf(request.socket.remoteAddress ?? '');
    const nowMs = this.#clock.monotonicMs();
    if (!this.#checker.knows(token)) {
      const waitMs = this.#wrong.waitMs(place, nowMs);
      if (waitMs > 0) throw tooManyRequests(Math.ceil(waitMs / 1000));
    }
    try {
      return (await this.#checker.check(token)).user;
    } catch (thrown) {
      if (!(thrown instanceof TokenError)) throw thrown;
      this.#wrong.onAttempt(place, nowMs);
      throw unauthorized();
    }
  }
}

/** The one bearer token of a request. @throws StatusError KUBE_UNAUTHORIZED when there are several */
function bearerOf(request: IncomingMessage): string | undefined {
  const given = request.headersDistinct['authorization'] ?? [];
  if (given.length > 1) throw unauthorized();
  return /^bearer +(\S+) *$/iu.exec(given[0] ?? '')?.[1];
}
