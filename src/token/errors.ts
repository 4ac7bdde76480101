/** Why a token is not believed. The texts are shown by TokenReview and never hold the token. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type TokenErrorCode =
  | 'TOKEN_MALFORMED'
  | 'TOKEN_SIGNATURE'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_NOT_YET_VALID'
  | 'TOKEN_AUDIENCE';

export class TokenError extends CodedError<TokenErrorCode> {}

export const errorDocs: ErrorDocs<TokenErrorCode> = {
  TOKEN_MALFORMED: {
    meaning: 'A bearer token is no ServiceAccount token of this server.',
    action: 'Ask for a new one: `kubectl create token NAME`.',
  },
  TOKEN_SIGNATURE: {
    meaning: 'A bearer token was signed by a key that this server does not know, or was changed.',
    action: 'Ask for a new token; keys that were removed end all tokens they signed.',
  },
  TOKEN_EXPIRED: {
    meaning: 'A bearer token is past its time.',
    action: 'Ask for a new token, with `--duration` when it must live longer.',
  },
  TOKEN_NOT_YET_VALID: {
    meaning: 'A bearer token is not valid yet.',
    action: 'Check the clocks of both machines.',
  },
  TOKEN_AUDIENCE: {
    meaning: 'A bearer token was made for somebody else.',
    action: 'Ask for a token with the audience of the one who is to accept it.',
  },
};
