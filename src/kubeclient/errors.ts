/** Faults of talking to a Kubernetes API, sorted so that nobody has to look at HTTP codes. */
import { CodedError, type CodedErrorOptions, type ErrorDocs, type Retry } from '#base/errors.ts';

export type KubeClientErrorCode =
  | 'KUBE_ALREADY_EXISTS'
  | 'KUBE_CONFIG'
  | 'KUBE_CONFLICT'
  | 'KUBE_FORBIDDEN'
  | 'KUBE_GONE'
  | 'KUBE_INVALID'
  | 'KUBE_NOT_FOUND'
  | 'KUBE_OVERLOADED'
  | 'KUBE_PROTOCOL'
  | 'KUBE_REFUSED'
  | 'KUBE_SERVER'
  | 'KUBE_TIMEOUT'
  | 'KUBE_UNAUTHORIZED'
  | 'KUBE_UNREACHABLE';

export interface KubeClientErrorOptions extends CodedErrorOptions {
  /** HTTP status of the answer; 0 when there was none. */
  readonly status?: number;
  /** `reason` of the Kubernetes Status, such as `NotFound`. */
  readonly reason?: string;
  /** Field causes of the Kubernetes Status. */
  readonly causes?: readonly StatusCause[];
}

/** One entry of `status.details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export class KubeClientError extends CodedError<KubeClientErrorCode> {
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];

  constructor(code: KubeClientErrorCode, message: string, options: KubeClientErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status ?? 0;
    this.reason = options.reason ?? '';
    this.causes = options.causes ?? [];
  }
}

/** True for a fault of this client with that code. */
export function isKubeError(thrown: unknown, code: KubeClientErrorCode): thrown is KubeClientError {
  return thrown instanceof KubeClientError && thrown.code === code;
}

/**
 * The error for an answer outside 200..299.
 * @param answer its body is a Kubernetes Status or text; `retryAfterSeconds` is that of the header
 */
export function errorOfAnswer(
  answer: {
    readonly status: number;
    readonly body: string;
    readonly retryAfterSeconds?: number | undefined;
  },
  what: string,
): KubeClientError {
  const { status, body } = answer;
  const parsed = parseStatus(body);
  const reason = parsed.reason ?? '';
  const message = parsed.message ?? `${what} answered ${status}`;
  const code = codeOf(status, reason);
  return new KubeClientError(code, message, {
    status,
    reason,
    causes: parsed.causes,
    retry: retryOf(code, parsed.retryAfterSeconds ?? answer.retryAfterSeconds),
    facts: { request: what, status },
  });
}

interface ParsedStatus {
  readonly reason?: string;
  readonly message?: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

function parseStatus(body: string): ParsedStatus {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { causes: [] };
  }
  if (typeof value !== 'object' || value === null) return { causes: [] };
  const status = value as Record<string, unknown>;
  const details = (
    typeof status['details'] === 'object' && status['details'] !== null ? status['details'] : {}
  ) as Record<string, unknown>;
  const { reason, message } = status;
  const { causes, retryAfterSeconds } = details;
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    causes: Array.isArray(causes) ? (causes as StatusCause[]).slice(0, 64) : [],
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  };
}

function codeOf(status: number, reason: string): KubeClientErrorCode {
  if (status === 409) return reason === 'AlreadyExists' ? 'KUBE_ALREADY_EXISTS' : 'KUBE_CONFLICT';
  if (status === 504 || status === 408) return 'KUBE_TIMEOUT';
  if (status >= 500) return 'KUBE_SERVER';
  const known = codeByStatus.get(status);
  return known ?? 'KUBE_REFUSED';
}

const codeByStatus: ReadonlyMap<number, KubeClientErrorCode> = new Map([
  [401, 'KUBE_UNAUTHORIZED'],
  [403, 'KUBE_FORBIDDEN'],
  [404, 'KUBE_NOT_FOUND'],
  [410, 'KUBE_GONE'],
  [422, 'KUBE_INVALID'],
  [429, 'KUBE_OVERLOADED'],
]);

function retryOf(code: KubeClientErrorCode, afterSeconds: number | undefined): Retry {
  if (afterSeconds !== undefined && afterSeconds > 0) {
    return { afterMs: Math.min(afterSeconds, 60) * 1000 };
  }
  return code === 'KUBE_INVALID' || code === 'KUBE_REFUSED' ? 'never' : 'backoff';
}

export const errorDocs: ErrorDocs<KubeClientErrorCode> = {
  KUBE_ALREADY_EXISTS: {
    meaning: 'An object of that kind and name is already there.',
    action: 'Choose another name, or change the existing object.',
  },
  KUBE_CONFIG: {
    meaning: 'The kubeconfig is missing, unreadable or names something that is not in it.',
    action: 'Check the file, the context name and the KUBECONFIG variable.',
  },
  KUBE_CONFLICT: {
    meaning: 'The object was changed by somebody else between reading and writing.',
    action: 'Read it again and repeat the change; controllers do so by themselves.',
  },
  KUBE_FORBIDDEN: {
    meaning: 'The API server knows the caller but does not allow the request.',
    action: 'Give the user or service account the missing permission.',
  },
  KUBE_GONE: {
    meaning: 'The revision asked for has been compacted away.',
    action: 'List again; informers do so by themselves.',
  },
  KUBE_INVALID: {
    meaning: 'The object breaks a rule of its kind.',
    action: 'Correct the fields named in the message.',
  },
  KUBE_NOT_FOUND: {
    meaning: 'The object, its namespace or its kind does not exist.',
    action: 'Check the name and the namespace, and that the kinds are installed.',
  },
  KUBE_OVERLOADED: {
    meaning: 'The API server asks to slow down.',
    action: 'Wait; the request is repeated by itself where that is safe.',
  },
  KUBE_PROTOCOL: {
    meaning: 'The answer is not what a Kubernetes API server sends, or is too large.',
    action: 'Check that the address in the kubeconfig really is a Kubernetes API server.',
  },
  KUBE_REFUSED: {
    meaning: 'The API server did not accept the request as it is.',
    action: 'The message of the server says why; the request will not be repeated.',
  },
  KUBE_SERVER: {
    meaning: 'The API server failed while handling the request.',
    action: 'Look at its log; the request is repeated where that is safe.',
  },
  KUBE_TIMEOUT: {
    meaning: 'The API server did not answer in time.',
    action: 'Check its load and the network between.',
  },
  KUBE_UNAUTHORIZED: {
    meaning: 'The API server does not accept the credentials.',
    action: 'Renew the credentials in the kubeconfig.',
  },
  KUBE_UNREACHABLE: {
    meaning: 'No connection to the API server, or its certificate is not trusted.',
    action: 'Check that it runs, the address, and the CA in the kubeconfig.',
  },
};
