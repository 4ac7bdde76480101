/** Faults of management: what a request can be refused for, and what a client can meet. */
import { CodedError, type CodedErrorOptions, type ErrorDocs } from '#base/errors.ts';

export type ManagementErrorCode =
  | 'MANAGEMENT_BAD_REQUEST'
  | 'MANAGEMENT_FORBIDDEN'
  | 'MANAGEMENT_NOT_FOUND'
  | 'MANAGEMENT_INTERNAL'
  | 'MANAGEMENT_NOT_IMPLEMENTED'
  | 'MANAGEMENT_CONFIG_INVALID'
  | 'MANAGEMENT_RESPONSE_INVALID'
  | 'MANAGEMENT_TIMEOUT'
  | 'MANAGEMENT_DISCONNECTED'
  | 'MANAGEMENT_BUSY'
  | 'MANAGEMENT_STOPPED';

/** A refused or failed management request, or a configuration that cannot be used. */
export class ManagementError extends CodedError<ManagementErrorCode> {}

export const errorDocs: ErrorDocs<ManagementErrorCode> = {
  MANAGEMENT_BAD_REQUEST: {
    meaning: 'A router refused a management request: an attribute is unknown, wrong or in use.',
    action: 'Correct the attribute that the message names.',
  },
  MANAGEMENT_FORBIDDEN: {
    meaning: 'The operation is not allowed for entities of this type.',
    action: 'Change the configuration file of the router instead.',
  },
  MANAGEMENT_NOT_FOUND: {
    meaning: 'No such entity, entity type or attribute.',
    action: 'Query the entities of the router to see what is there.',
  },
  MANAGEMENT_INTERNAL: {
    meaning: 'A router failed while it handled a management request.',
    action: 'Look at the log of the router for the same moment.',
  },
  MANAGEMENT_NOT_IMPLEMENTED: {
    meaning: 'The router does not know the management operation.',
    action: 'Use an operation that this version of the router knows.',
  },
  MANAGEMENT_CONFIG_INVALID: {
    meaning: 'The configuration of a router is no list of known entities with known attributes.',
    action: 'Correct the entity that the message names.',
  },
  MANAGEMENT_RESPONSE_INVALID: {
    meaning: 'A router answered with something that is no management response.',
    action: 'Check that the address leads to a router and that its version is supported.',
  },
  MANAGEMENT_TIMEOUT: {
    meaning: 'A router did not answer a management request in time.',
    action: 'Nothing; it is tried again. If it stays, look at the load and the log of the router.',
  },
  MANAGEMENT_DISCONNECTED: {
    meaning: 'There is no management connection to the router, or it was lost before the answer.',
    action: 'Nothing; the connection is made again. If it stays, check that the router runs.',
  },
  MANAGEMENT_BUSY: {
    meaning: 'Too many management requests to one router wait for their answers.',
    action: 'Wait for answers before sending more requests.',
  },
  MANAGEMENT_STOPPED: {
    meaning: 'The management client was stopped while work was under way.',
    action: 'Nothing; start it again if it is still wanted.',
  },
};

const codesByStatus: ReadonlyMap<number, ManagementErrorCode> = new Map([
  [400, 'MANAGEMENT_BAD_REQUEST'],
  [403, 'MANAGEMENT_FORBIDDEN'],
  [404, 'MANAGEMENT_NOT_FOUND'],
  [501, 'MANAGEMENT_NOT_IMPLEMENTED'],
]);

/** The status code that a router answers a refused request with. @spec router-protocol 10.2 */
export function statusCodeOf(error: ManagementError): number {
  for (const [status, code] of codesByStatus) if (code === error.code) return status;
  return 500;
}

/** The fault that an error status stands for. */
export function errorOfStatus(
  status: number,
  description: string,
  options: CodedErrorOptions = {},
): ManagementError {
  const code = codesByStatus.get(status) ?? 'MANAGEMENT_INTERNAL';
  const retry = code === 'MANAGEMENT_INTERNAL' ? 'backoff' : 'never';
  return new ManagementError(code, description, { retry, ...options });
}
