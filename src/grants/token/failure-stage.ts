/**
 * Where on its way a redemption failed, and what to do about it: said after the words that scripts
 * know, so that a person need not guess. Pure.
 */
import { unreachable } from '#base/assert.ts';
import type { CodedError } from '#base/errors.ts';
import { HttpError } from '#http/index.ts';

export type FailureStage = 'DNS' | 'TCP' | 'TLS' | 'HTTP' | 'code' | 'expiry' | 'Secret' | 'Link';

/** `message` with the stage and the way out. */
export function withStage(message: string, stage: FailureStage, fix: string): string {
  return `${message} [${stage}: ${fix}]`;
}

const dnsCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA']);
const newToken = 'issue a new token';

/** The stage of a fault of the exchange. */
export function stageOfFault(fault: CodedError): readonly [FailureStage, string] {
  if (!(fault instanceof HttpError)) return ['HTTP', 'look at the log of the controller'];
  const code = String(fault.facts['code'] ?? '');
  switch (fault.code) {
    case 'HTTP_URL_INVALID':
      return ['HTTP', `the url of the token is not one: ${newToken}`];
    case 'HTTP_TLS_UNTRUSTED':
      return ['TLS', stageOfTrust(code)];
    case 'HTTP_TIMEOUT':
      return ['TCP', 'nothing answers in time: check firewalls and proxies on the way to the url'];
    case 'HTTP_CONNECT_FAILED':
      if (dnsCodes.has(code)) {
        return ['DNS', 'the host of the url has no address here: check the name and the resolver'];
      }
      if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
        return ['TLS', 'the server does not speak TLS 1.3: check that the url is a grant server'];
      }
      return ['TCP', 'check that the grant server runs and that its port can be reached from here'];
    case 'HTTP_ABORTED':
    case 'HTTP_ANSWER_INVALID':
    case 'HTTP_REQUEST_INVALID':
    case 'HTTP_BODY_INCOMPLETE':
    case 'HTTP_BODY_TOO_LARGE':
    case 'HTTP_LISTEN_FAILED':
    case 'HTTP_TLS_INVALID':
      return ['HTTP', 'the answer did not arrive whole; it is asked for again'];
    default:
      return unreachable(fault.code, 'fault of an exchange');
  }
}

function stageOfTrust(code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'check the clocks of both sites and the certificate of the grant server';
    case 'CERT_NOT_YET_VALID':
      return 'the clock of this site is behind: set it';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'the grant server must be reached by a name in its certificate: check --advertise there';
    default:
      return `the ca of the token does not belong to this server: ${newToken}`;
  }
}

/** The stage of a refusal. @param text what the grant server said */
export function stageOfRefusal(status: number, text: string): readonly [FailureStage, string] {
  if (status === 403) {
    return text.includes('revoked')
      ? ['code', `what this token was exchanged for is revoked: ${newToken}`]
      : ['code', `the code does not fit the grant: copy the token again or ${newToken}`];
  }
  if (status === 404) {
    return text.includes('No such access granted')
      ? ['expiry', `the grant is used up: ${newToken}, or raise redemptionsAllowed there`]
      : ['expiry', `the grant has expired or was deleted: ${newToken}`];
  }
  if (status === 429) return ['HTTP', 'too many attempts: it is tried again by itself'];
  if (text.includes('connection to self')) {
    return ['Link', 'redeem the token in the site that is to link to the one that issued it'];
  }
  if (status >= 500) {
    return ['HTTP', 'the site at the other end cannot be joined now: look at its AccessGrant'];
  }
  return ['HTTP', `check that the url is a grant server: ${newToken}`];
}
