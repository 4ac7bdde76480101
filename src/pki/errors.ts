import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

/** Everything that can be wrong with keys, certificates and requests that others hand us. */
export type PkiErrorCode =
  | 'PKI_CERTIFICATE_INVALID'
  | 'PKI_KEY_INVALID'
  | 'PKI_KEY_MISMATCH'
  | 'PKI_KEY_UNSUPPORTED'
  | 'PKI_NAME_INVALID'
  | 'PKI_NOT_AUTHORITY'
  | 'PKI_PEM_INVALID'
  | 'PKI_REQUEST_INVALID';

/** A fault in a key, certificate, request or name. Never carries key material. */
export class PkiError extends CodedError<PkiErrorCode> {
  constructor(code: PkiErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(code, message, options);
  }
}

export const errorDocs: ErrorDocs<PkiErrorCode> = {
  PKI_CERTIFICATE_INVALID: {
    meaning: 'A certificate could not be read: it is not PEM, or not X.509.',
    action: 'Check the file or the Secret key (`tls.crt`, `ca.crt`) with `openssl x509 -text`.',
  },
  PKI_KEY_INVALID: {
    meaning:
      'A private key could not be read. PKCS#8, PKCS#1 and SEC1 PEM are accepted, unencrypted.',
    action: 'Check the file or the Secret key `tls.key` with `openssl pkey -check`.',
  },
  PKI_KEY_MISMATCH: {
    meaning: 'The private key does not belong to the certificate beside it.',
    action: 'Put the matching pair together; both come from the same request.',
  },
  PKI_KEY_UNSUPPORTED: {
    meaning:
      'The key is of a kind or size that is not accepted. ECDSA on P-256, P-384 or P-521 and RSA from 2048 bits are.',
    action: 'Make a new key of an accepted kind; ECDSA P-256 is the default.',
  },
  PKI_NAME_INVALID: {
    meaning:
      'A subject or host name cannot stand in a certificate: empty, too long, or not a DNS name or IP address.',
    action: 'Correct the name. A common name has at most 64 characters.',
  },
  PKI_NOT_AUTHORITY: {
    meaning: 'The certificate that should sign others is not a certificate authority.',
    action: 'Use a certificate with the basic constraint CA:TRUE.',
  },
  PKI_PEM_INVALID: {
    meaning: 'A PEM text holds no certificate, too many of them, or is too long.',
    action: 'Check the text; at most 32 certificates and 256 KiB are read.',
  },
  PKI_REQUEST_INVALID: {
    meaning:
      'A certificate signing request could not be read, or its signature does not match its key.',
    action: 'Make the request again with the key that it names.',
  },
};
