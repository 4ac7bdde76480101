/**
 * Who am I, and whose token is this.
 * @spec Kubernetes authentication.k8s.io/v1
 */
import type { Clock } from '#base/clock.ts';
import { badRequest, formatTime } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import { looksLikeToken, TokenError } from '#token/index.ts';
import type { TokenChecker } from '../tokens/token-checker.ts';
import { type Answer, reviewAnswer, specOf, textOf, textsOf } from './review.ts';

const apiVersion = 'authentication.k8s.io/v1';

/** Audiences that one review may name. */
const audiencesMax = 64;

/** `kubectl auth whoami`. */
export function selfReview(clock: Clock): Answer {
  return ({ user }) =>
    reviewAnswer(apiVersion, 'SelfSubjectReview', {
      metadata: { creationTimestamp: formatTime(clock.nowMs()) },
      status: { userInfo: userInfoOf(user) },
    });
}

/**
 * Checks a token for somebody it was presented to. A bad one is an answer, not an error. The token is
 * in no answer.
 */
export function tokenReview(checker: TokenChecker): Answer {
  return async (question) => {
    const spec = specOf(question);
    const token = textOf(spec, 'token');
    const audiences = textsOf(spec, 'audiences');
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    if (audiences.length > audiencesMax) throw badRequest('too many audiences');
    const answered = (status: unknown) =>
      reviewAnswer(apiVersion, 'TokenReview', {
        spec: audiences.length === 0 ? {} : { audiences },
        status,
      });
    try {
      const { user, audiences: common } = await checker.check(token, audiences);
      return answered({ authenticated: true, user: userInfoOf(user), audiences: common });
    } catch (thrown) {
      if (!(thrown instanceof TokenError)) throw thrown;
      const known = looksLikeToken(token) && thrown.code !== 'TOKEN_MALFORMED';
      const error = known ? `[invalid bearer token, ${thrown.message}]` : 'invalid bearer token';
      return answered({ user: {}, error });
    }
  };
}

function userInfoOf({ name, uid, groups, extra }: User): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}
