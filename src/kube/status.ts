/**
 * The Status document and the errors that carry it, in the words of Kubernetes.
 * @spec Kubernetes apimachinery api/errors
 */
import type { Retry } from '#base/errors.ts';
import type { KubeErrorCode } from './errors.ts';
import { KubeError } from './errors.ts';
import type { FieldError } from './field-error.ts';
import type { ListMeta } from './object.ts';

/** Reasons a Status may give. */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'Gone'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout'
  | 'ServerTimeout'
  /** Not a reason of Kubernetes, which tells of its full disk in the text of a 500 alone. */
  | 'InsufficientStorage';

/** One cause in `details.causes`. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What a Status says about the thing it speaks of. Field order is that of the wire. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The answer of an API when it has no object to give. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: ListMeta;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code?: number;
}

const byReason: Readonly<
  Record<StatusReason, { http: number; code: KubeErrorCode; retry: Retry }>
> = {
  BadRequest: { http: 400, code: 'KUBE_STATUS_BAD_REQUEST', retry: 'never' },
  Unauthorized: { http: 401, code: 'KUBE_STATUS_UNAUTHORIZED', retry: 'never' },
  Forbidden: { http: 403, code: 'KUBE_STATUS_FORBIDDEN', retry: 'never' },
  NotFound: { http: 404, code: 'KUBE_STATUS_NOT_FOUND', retry: 'never' },
  MethodNotAllowed: { http: 405, code: 'KUBE_STATUS_METHOD_NOT_ALLOWED', retry: 'never' },
  NotAcceptable: { http: 406, code: 'KUBE_STATUS_NOT_ACCEPTABLE', retry: 'never' },
  AlreadyExists: { http: 409, code: 'KUBE_STATUS_ALREADY_EXISTS', retry: 'never' },
  Conflict: { http: 409, code: 'KUBE_STATUS_CONFLICT', retry: 'backoff' },
  Expired: { http: 410, code: 'KUBE_STATUS_EXPIRED', retry: 'never' },
  Gone: { http: 410, code: 'KUBE_STATUS_EXPIRED', retry: 'never' },
  RequestEntityTooLarge: { http: 413, code: 'KUBE_STATUS_TOO_LARGE', retry: 'never' },
  UnsupportedMediaType: { http: 415, code: 'KUBE_STATUS_UNSUPPORTED_MEDIA_TYPE', retry: 'never' },
  Invalid: { http: 422, code: 'KUBE_STATUS_INVALID', retry: 'never' },
  TooManyRequests: { http: 429, code: 'KUBE_STATUS_TOO_MANY_REQUESTS', retry: 'backoff' },
  InternalError: { http: 500, code: 'KUBE_STATUS_INTERNAL', retry: 'backoff' },
  ServiceUnavailable: { http: 503, code: 'KUBE_STATUS_UNAVAILABLE', retry: 'backoff' },
  Timeout: { http: 504, code: 'KUBE_STATUS_TIMEOUT', retry: 'backoff' },
  InsufficientStorage: { http: 507, code: 'KUBE_STATUS_UNAVAILABLE', retry: 'backoff' },
  ServerTimeout: { http: 500, code: 'KUBE_STATUS_TIMEOUT', retry: 'backoff' },
};

/** A refusal, ready to be sent: `status` is the document, `httpStatus` its HTTP code. */
export class StatusError extends KubeError {
  readonly reason: StatusReason;
  readonly httpStatus: number;
  readonly status: Status;

  constructor(reason: StatusReason, message: string, details?: StatusDetails, cause?: unknown) {
    const row = byReason[reason];
    const after = details?.retryAfterSeconds;
    super(row.code, message, {
      retry: after === undefined ? row.retry : { afterMs: after * 1000 },
      facts: { reason, name: details?.name, kind: details?.kind },
      cause,
    });
    this.reason = reason;
    this.httpStatus = row.http;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code: row.http,
    };
  }
}

/** Names a resource in error texts: plural and group. */
export interface ResourceName {
  readonly plural: string;
  readonly group: string;
}

/** Names a kind in error texts. */
export interface KindName {
  readonly kind: string;
  readonly group: string;
}

const dotted = (first: string, group: string): string =>
  group === '' ? first : `${first}.${group}`;

function detailsOf(kind: string, group: string, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
  };
}

/** 400 with a text. */
export function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError('BadRequest', message, undefined, cause);
}

/** 401. Says nothing about why: the reason belongs in the log. */
export function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}

/** 403 with the sentence after "is forbidden: ". An empty name speaks of the collection. */
export function forbiddenResource(
  of: ResourceName,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): StatusError {
  const subject = `${dotted(of.plural, of.group)}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
  const details = detailsOf(of.plural, of.group, name);
  return new StatusError(
    'Forbidden',
    `${subject} is forbidden: ${why}`,
    causes === undefined ? details : { ...details, causes },
  );
}

/** 404 of a named object. */
export function notFoundObject(of: ResourceName, name: string): StatusError {
  return new StatusError(
    'NotFound',
    `${dotted(of.plural, of.group)} ${JSON.stringify(name)} not found`,
    detailsOf(of.plural, of.group, name),
  );
}

/** 404 of a path below a known group version. */
export function notFoundPath(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource', {});
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

/** 406. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${accepted.join(', ')}`,
  );
}

/** 409 on create. */
export function alreadyExists(of: ResourceName, name: string): StatusError {
  return new StatusError(
    'AlreadyExists',
    `${dotted(of.plural, of.group)} ${JSON.stringify(name)} already exists`,
    detailsOf(of.plural, of.group, name),
  );
}

/** 409 of a write whose resourceVersion is not the current one. */
export function conflict(
  of: ResourceName,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${dotted(of.plural, of.group)} ${JSON.stringify(name)}: ${why}`,
    detailsOf(of.plural, of.group, name),
  );
}

/** 409 of a delete or patch precondition; speaks of the kind, as Kubernetes does. */
export function preconditionFailed(
  of: KindName,
  name: string,
  field: 'ResourceVersion' | 'UID',
  asked: string,
  stored: string,
): StatusError {
  const fate = field === 'UID' ? 'deleted and then recreated' : 'modified';
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${dotted(of.kind, of.group)} ${JSON.stringify(name)}: the ${field} in the precondition (${asked}) does not match the ${field} in record (${stored}). The object might have been ${fate}`,
    detailsOf(of.kind, of.group, name),
  );
}

/** 410 of a list or continue token. */
export function expired(
  message = 'The resourceVersion for the provided list is too old.',
): StatusError {
  return new StatusError('Expired', message);
}

/** 410 inside a watch. */
export function tooOldResourceVersion(
  asked: number | string,
  oldest: number | string,
): StatusError {
  return new StatusError('Expired', `too old resource version: ${asked} (${oldest})`);
}

/** 413. */
export function tooLarge(bytesMax: number): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`);
}

/** 415 naming what is taken. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

/** Field errors as one line: bare when single, in brackets when several. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const different = [...new Set(texts)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

/** 422 with one cause per field error. */
export function invalidObject(
  of: KindName,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return new StatusError(
    'Invalid',
    `${dotted(of.kind, of.group)} ${JSON.stringify(name)} is invalid: ${fieldErrorsText(errors)}`,
    { ...detailsOf(of.kind, of.group, name), causes },
  );
}

/** 422 of a PUT without resourceVersion on a kind that wants one; names the plural, as Kubernetes does. */
export function resourceVersionRequired(of: ResourceName, name: string): StatusError {
  return invalidObject({ kind: of.plural, group: of.group }, name, [
    {
      reason: 'FieldValueInvalid',
      field: 'metadata.resourceVersion',
      message: 'Invalid value: 0: must be specified for an update',
    },
  ]);
}

/** 422 without a subject: a patch that does not fit the object. */
export function unprocessable(detail?: string): StatusError {
  const text = 'the server rejected our request due to an error in our request';
  return new StatusError('Invalid', detail === undefined ? text : detail, {});
}

/** 429. */
export function tooManyRequests(retryAfterSeconds: number): StatusError {
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
    retryAfterSeconds,
  });
}

/** 500. The text must not carry what only the log should know. */
export function internalError(message: string, cause?: unknown): StatusError {
  return new StatusError('InternalError', `Internal error occurred: ${message}`, {}, cause);
}

/** 507: there is no room for a write; nothing was changed. @spec RFC4918 11.5 */
export function insufficientStorage(message: string): StatusError {
  return new StatusError('InsufficientStorage', message);
}

/** 503. */
export function serviceUnavailable(message: string): StatusError {
  return new StatusError('ServiceUnavailable', message, { retryAfterSeconds: 1 });
}

/** 504 of a read at a revision that does not exist yet. */
export function resourceVersionTooLarge(
  asked: number | string,
  current: number | string,
): StatusError {
  const message = `Too large resource version: ${asked}, current: ${current}`;
  return new StatusError('Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** The answer to a finished delete. */
export function deleteSuccess(of: ResourceName, name: string, uid: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...detailsOf(of.plural, of.group, name), uid },
  };
}
