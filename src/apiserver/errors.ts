/** Faults of starting and running the API server itself; those of requests are StatusErrors. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type ApiServerErrorCode =
  | 'APISERVER_FILES_UNUSABLE'
  | 'APISERVER_BODY_MALFORMED'
  | 'APISERVER_BODY_TOO_DEEP';

export class ApiServerError extends CodedError<ApiServerErrorCode> {}

export const errorDocs: ErrorDocs<ApiServerErrorCode> = {
  APISERVER_FILES_UNUSABLE: {
    meaning:
      'The CA, the certificates or the kubeconfig of the API server cannot be read or written.',
    action:
      'Check owner and permissions of the data directory; remove its pki/ folder to have new ones made.',
  },
  APISERVER_BODY_MALFORMED: {
    meaning: 'A request body is not what its content type says.',
    action: 'Send valid JSON, YAML or Kubernetes protobuf.',
  },
  APISERVER_BODY_TOO_DEEP: {
    meaning: 'A request body is nested more deeply than the server reads.',
    action: 'Send a flatter object.',
  },
};
