/** What to do when `drawbridge up` cannot start: the second line that people see. */
import { CodedError } from '#base/errors.ts';
import { AppError } from './errors.ts';

const actions: ReadonlyMap<string, string> = new Map([
  ['STORE_IN_USE', 'stop the other drawbridge up, or choose another directory with --data'],
  ['STORE_CORRUPT', 'restore the data directory from a backup, or choose another with --data'],
  ['STORE_FORMAT_NEWER', 'run the newer version, or choose another directory with --data'],
  ['STORE_DISK_FULL', 'free some space, or choose another directory with --data'],
  ['STORE_IO', 'check that the directory can be written to, or choose another with --data'],
  [
    'STORE_KEY_MISSING',
    'put your copy of secrets.key there; without that key the Secrets of this database are lost',
  ],
  ['STORE_KEY_UNUSABLE', 'correct the file, or put your copy of it back'],
  [
    'APISERVER_FILES_UNUSABLE',
    'restore that directory from a backup, or move it away: a new CA is made and kubeconfigs ' +
      'handed out stop working',
  ],
  ['HTTP_LISTEN_FAILED', 'choose another port, or 0 for any free one'],
  ['HTTP_TLS_INVALID', 'give a certificate and a private key in PEM that belong together'],
  ['KUBE_CONFIG', 'check the path of the kubeconfig, what is in it, and the name of the context'],
  ['KUBE_UNREACHABLE', 'check that the API server runs, and the address in the kubeconfig'],
  ['GATEWAY_CONFIG', 'correct what is named, and start it again'],
]);

/** One sentence that names the way out. */
export function actionAfter(thrown: unknown): string {
  if (thrown instanceof AppError) return thrown.action;
  if (!(thrown instanceof CodedError)) return 'this is a fault of drawbridge: please report it';
  if (thrown.code === 'HTTP_LISTEN_FAILED' && systemCodeOf(thrown.cause) === 'EADDRNOTAVAIL') {
    return 'give --listen an address of this machine';
  }
  return actions.get(thrown.code) ?? `docs/reference/errors.md says more about ${thrown.code}`;
}

function systemCodeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
