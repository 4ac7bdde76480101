import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

/** What keeps a Certificate object from having its Secret. */
export type CertsErrorCode = 'CERTS_NOT_CONTROLLED';

/** A fault in keeping certificates. */
export class CertsError extends CodedError<CertsErrorCode> {
  constructor(code: CertsErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
  }
}

export const errorDocs: ErrorDocs<CertsErrorCode> = {
  CERTS_NOT_CONTROLLED: {
    meaning: 'A Certificate of the wanted name exists and was made by somebody else.',
    action:
      'Delete or rename that Certificate, or provide the Secret of that name yourself and leave it.',
  },
};
