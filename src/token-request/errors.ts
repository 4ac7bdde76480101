import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

/** What can keep the token-request face from starting, or from answering. */
export type TokenRequestErrorCode =
  | 'TOKENREQUEST_POLICY_INVALID'
  | 'TOKENREQUEST_OPTION_INVALID'
  | 'TOKENREQUEST_UPSTREAM';

/** A fault of configuration or of the API server. Refusals of requests are StatusErrors. */
export class TokenRequestError extends CodedError<TokenRequestErrorCode> {
  constructor(code: TokenRequestErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
  }
}

export const errorDocs: ErrorDocs<TokenRequestErrorCode> = {
  TOKENREQUEST_POLICY_INVALID: {
    meaning: 'The policy file of `token-request serve` has a field that is unknown or unusable.',
    action: 'Correct the field that the message names; docs/guide/token-request.md lists them all.',
  },
  TOKENREQUEST_OPTION_INVALID: {
    meaning: 'A prefix, network range or URL given to `token-request serve` cannot be used.',
    action: 'Correct the value that the message names.',
  },
  TOKENREQUEST_UPSTREAM: {
    meaning:
      'The API server of `token-request serve` gave no whole answer, or what answers there is none: it redirects, or sends web pages. The caller gets 503.',
    action: 'Look at `--api-server` and `--api-server-ca-file`, and at the API server itself.',
  },
};
