/**
 * A credential as client-go's credential plugins print it.
 * @spec Kubernetes client.authentication.k8s.io/v1 ExecCredential
 */
import { isRecord } from '#kube/index.ts';
import type { Credential } from '../api/credential-cache.ts';

const versions = new Set([
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
]);
const versionDefault = 'client.authentication.k8s.io/v1';

/** Bounds of how long before its end a credential is said to end; milliseconds. */
const earlyMsMin = 30_000;
const earlyMsMax = 300_000;

/**
 * The document. Clients keep using a credential until the time in it, so that time is a little
 * before the true one; it is never over, or they would ask anew for each of their requests.
 * @param execInfo the variable KUBERNETES_EXEC_INFO: the answer must have its version
 */
export function renderExecCredential(
  credential: Credential,
  execInfo: string | undefined,
  nowMs: number,
): string {
  const lifeMs = credential.expiresAtMs - credential.obtainedAtMs;
  const leftMs = credential.expiresAtMs - nowMs;
  const earlyMs = Math.min(Math.max(lifeMs / 10, earlyMsMin), earlyMsMax, leftMs / 2);
  const document = {
    apiVersion: askedVersion(execInfo),
    kind: 'ExecCredential',
    status: {
      expirationTimestamp: seconds(credential.expiresAtMs - earlyMs),
      token: credential.token,
    },
  };
  return `${JSON.stringify(document)}\n`;
}

function seconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function askedVersion(execInfo: string | undefined): string {
  try {
    const info: unknown = JSON.parse(execInfo ?? '');
    const version = isRecord(info) ? info['apiVersion'] : undefined;
    return typeof version === 'string' && versions.has(version) ? version : versionDefault;
  } catch {
    return versionDefault;
  }
}
