import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

/** What can go wrong around grants and tokens. */
export type GrantsErrorCode =
  | 'GRANTS_ANSWER_INVALID'
  | 'GRANTS_IDENTITY_MISSING'
  | 'GRANTS_REDEMPTION_FAILED';

/** A fault in issuing or redeeming. Never carries a code, key or certificate. */
export class GrantsError extends CodedError<GrantsErrorCode> {
  constructor(code: GrantsErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
  }
}

export const errorDocs: ErrorDocs<GrantsErrorCode> = {
  GRANTS_ANSWER_INVALID: {
    meaning:
      'A grant server answered a redemption with documents that are not one TLS Secret and its Links.',
    action: 'Check that the URL of the token is that of a grant server, and its version.',
  },
  GRANTS_IDENTITY_MISSING: {
    meaning: 'The certificate of the grant server was not issued in time.',
    action:
      'Check that the certificate controller runs and look at the Certificates of its namespace.',
  },
  GRANTS_REDEMPTION_FAILED: {
    meaning: 'A token was not redeemed; its status says why. It is tried again by itself.',
    action: 'Check that the URL can be reached from here and that the grant server runs.',
  },
};
