/**
 * Faults of the object model. A StatusError is what a Kubernetes API answers: it carries the Status
 * document, and the code says which of the standard reasons it is.
 */
import { CodedError } from '#base/errors.ts';
import type { CodedErrorOptions, ErrorDocs } from '#base/errors.ts';

/** Every fault that src/kube can give. */
export type KubeErrorCode =
  | 'KUBE_STATUS_BAD_REQUEST'
  | 'KUBE_STATUS_UNAUTHORIZED'
  | 'KUBE_STATUS_FORBIDDEN'
  | 'KUBE_STATUS_NOT_FOUND'
  | 'KUBE_STATUS_METHOD_NOT_ALLOWED'
  | 'KUBE_STATUS_NOT_ACCEPTABLE'
  | 'KUBE_STATUS_ALREADY_EXISTS'
  | 'KUBE_STATUS_CONFLICT'
  | 'KUBE_STATUS_EXPIRED'
  | 'KUBE_STATUS_TOO_LARGE'
  | 'KUBE_STATUS_UNSUPPORTED_MEDIA_TYPE'
  | 'KUBE_STATUS_INVALID'
  | 'KUBE_STATUS_TOO_MANY_REQUESTS'
  | 'KUBE_STATUS_INTERNAL'
  | 'KUBE_STATUS_UNAVAILABLE'
  | 'KUBE_STATUS_TIMEOUT'
  | 'KUBE_DURATION_SYNTAX'
  | 'KUBE_JSONPATH_SYNTAX'
  | 'KUBE_RULE_SYNTAX'
  | 'KUBE_SECRET_ENCODING'
  | 'KUBE_DUPLICATE_KIND'
  | 'KUBE_PROTOBUF_MALFORMED'
  | 'KUBE_PROTOBUF_UNKNOWN_KIND';

/** Base of the faults of this folder. */
export class KubeError extends CodedError<KubeErrorCode> {}

/** A Go duration text that cannot be read. The message is Go's. */
export class DurationError extends KubeError {
  constructor(message: string) {
    super('KUBE_DURATION_SYNTAX', message);
  }
}

/** A definition (column path, rule, registry) that is wrong; met when definitions are loaded. */
export class DefinitionError extends KubeError {
  constructor(
    code: 'KUBE_JSONPATH_SYNTAX' | 'KUBE_RULE_SYNTAX' | 'KUBE_DUPLICATE_KIND',
    message: string,
    options: CodedErrorOptions = {},
  ) {
    super(code, message, options);
  }
}

/** Data of a Secret that is not what it must be. The message names the key, never the value. */
export class SecretDataError extends KubeError {
  constructor(message: string) {
    super('KUBE_SECRET_ENCODING', message);
  }
}

const askOwner = 'Ask who runs the server, with the time and the Audit-Id of the answer.';

/** What the codes mean and what to do. */
export const errorDocs: ErrorDocs<KubeErrorCode> = {
  KUBE_STATUS_BAD_REQUEST: {
    meaning: 'The request could not be understood: body, query or selector is malformed.',
    action: 'Correct the part that the message names.',
  },
  KUBE_STATUS_UNAUTHORIZED: {
    meaning: 'The credential of the request is not valid.',
    action: 'Renew the token or certificate, or take the kubeconfig that the server wrote.',
  },
  KUBE_STATUS_FORBIDDEN: {
    meaning: 'The user of the request may not do this, or the namespace is going away.',
    action: 'Use an account with the right, or create the object in another namespace.',
  },
  KUBE_STATUS_NOT_FOUND: {
    meaning: 'There is no such object, namespace or resource.',
    action: 'Check the name and the namespace.',
  },
  KUBE_STATUS_METHOD_NOT_ALLOWED: {
    meaning: 'The resource does not offer this verb.',
    action: 'See `kubectl api-resources -o wide` for the verbs it has.',
  },
  KUBE_STATUS_NOT_ACCEPTABLE: {
    meaning: 'None of the media types in the Accept header can be given.',
    action: 'Accept application/json.',
  },
  KUBE_STATUS_ALREADY_EXISTS: {
    meaning: 'An object of this name exists.',
    action: 'Choose another name, or update the existing object.',
  },
  KUBE_STATUS_CONFLICT: {
    meaning: 'The object changed between reading and writing, or a precondition does not hold.',
    action: 'Read the object again, repeat the change, write again.',
  },
  KUBE_STATUS_EXPIRED: {
    meaning: 'The resource version or continue token is older than what the server remembers.',
    action: 'List again and watch from the resource version of that list.',
  },
  KUBE_STATUS_TOO_LARGE: {
    meaning: 'The body or the object is above the size limit.',
    action: 'Make the object smaller; put bulk data elsewhere.',
  },
  KUBE_STATUS_UNSUPPORTED_MEDIA_TYPE: {
    meaning: 'The body has a media type that this resource does not take.',
    action: 'Send one of the types that the message lists.',
  },
  KUBE_STATUS_INVALID: {
    meaning: 'The object breaks a rule of its kind; each cause names a field.',
    action: 'Correct the named fields.',
  },
  KUBE_STATUS_TOO_MANY_REQUESTS: {
    meaning: 'The server is asked too much at once.',
    action: 'Wait for the time that the answer names, then try again.',
  },
  KUBE_STATUS_INTERNAL: {
    meaning: 'The server met a fault of its own.',
    action: askOwner,
  },
  KUBE_STATUS_UNAVAILABLE: {
    meaning: 'The server cannot answer now: it starts, stops or cannot reach its store.',
    action: 'Try again in a moment.',
  },
  KUBE_STATUS_TIMEOUT: {
    meaning: 'The server did not finish in time, or the asked resource version is in the future.',
    action: 'Try again; for a resource version, list without one.',
  },
  KUBE_DURATION_SYNTAX: {
    meaning: 'A duration is not written as numbers with units.',
    action: 'Write it as `25m`, `1h30m` or `90s`.',
  },
  KUBE_JSONPATH_SYNTAX: {
    meaning: 'A column of a kind has a path outside the supported part of JSONPath.',
    action: 'Use a simple path such as `.status.status` or `.spec.ports[0].port`.',
  },
  KUBE_RULE_SYNTAX: {
    meaning: 'A validation rule of a kind is not valid CEL.',
    action: 'Correct the rule in the definition of the kind.',
  },
  KUBE_SECRET_ENCODING: {
    meaning: 'A Secret lacks a key, or its value is not base64.',
    action: 'Create the Secret again with the keys its type asks for.',
  },
  KUBE_DUPLICATE_KIND: {
    meaning: 'Two definitions claim the same kind or resource name.',
    action: 'Remove one of the definitions.',
  },
  KUBE_PROTOBUF_MALFORMED: {
    meaning: 'A protobuf body ends early or breaks the encoding.',
    action: 'Send the request again with a correct encoder, or send JSON.',
  },
  KUBE_PROTOBUF_UNKNOWN_KIND: {
    meaning: 'A protobuf body holds a kind whose messages this server does not know.',
    action: 'Send the object as JSON.',
  },
};
