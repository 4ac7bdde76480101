/** What `certificate rotate` does: asks for a new key of a CA, and waits until it signs. */
import {
  overlapAnnotation,
  rotateAnnotation,
  rotatedForAnnotation,
  rotationOf,
} from '#apis/index.ts';
import { annotationOf, findCondition } from '#kube/index.ts';
import { type Certificate, certificate, type Secret, secretKind } from '../../api/kinds.ts';
import type { Session } from '../../api/session.ts';
import { waitFor } from '../../api/wait.ts';
import { CliError, usageError } from '../../errors.ts';
import { activeSite, issuerOf } from '../revoke.ts';

/** How long a changed overlap takes to show; milliseconds. */
const changeMsMax = 5000;

/** What is asked for. */
export interface RotationWish {
  /** Certificate of the CA; undefined means the one that signs for links of the site. */
  readonly name: string | undefined;
  /** How long the old CA is trusted at most this time, as it was written; undefined: as set. */
  readonly overlap: string | undefined;
  readonly timeoutMs: number;
}

/** Certificates of the namespace. */
export async function certificatesOf(session: Session): Promise<readonly Certificate[]> {
  return (await session.client.list(certificate, { namespace: session.namespace })).items;
}

/** One Certificate. @throws CliError CLI_NOT_THERE */
export async function certificateOf(session: Session, name: string): Promise<Certificate> {
  const { client, namespace } = session;
  const found = await client.find(certificate, { namespace, name });
  if (found !== undefined) return found;
  throw new CliError(
    'CLI_NOT_THERE',
    `there is no certificate "${name}" in namespace ${namespace}`,
    {
      todo: `'drawbridge certificate status -n ${namespace}' lists them`,
    },
  );
}

/**
 * Starts the rotation, and waits until the new key signs. While one is under way only its overlap
 * is changed.
 * @returns the Certificate as it is then
 * @throws CliError CLI_NOT_THERE, CLI_USAGE, CLI_REFUSED, CLI_WAIT
 */
export async function rotate(session: Session, wish: RotationWish): Promise<Certificate> {
  const { client, namespace } = session;
  const name = wish.name ?? issuerOf(await activeSite(session));
  const found = await certificateOf(session, name);
  const secret = await client.find(secretKind, { namespace, name });
  refuseOthers(found, secret, namespace);
  const isUnderWay = secret !== undefined && isOpen(secret);
  if (isUnderWay && wish.overlap === undefined) {
    const told = rotatingOf(found);
    throw new CliError('CLI_REFUSED', `CA "${name}" gets a new key already: ${told}`, {
      todo: "wait for its end, or give '--overlap 0s' to end it now",
    });
  }
  const request = new Date().toISOString();
  const annotations = {
    ...(isUnderWay ? {} : { [rotateAnnotation]: request }),
    ...(wish.overlap === undefined ? {} : { [overlapAnnotation]: wish.overlap }),
  };
  await client.patch(certificate, { namespace, name }, { metadata: { annotations } });
  if (isUnderWay) {
    const before = rotatingOf(found);
    const limitMs = Math.min(wish.timeoutMs, changeMsMax);
    await waitFor(session, certificate, name, limitMs, (now) => rotatingOf(now) !== before);
    return await certificateOf(session, name);
  }
  const { reached } = await waitFor(session, secretKind, name, wish.timeoutMs, (now) => {
    if (now === undefined || annotationOf(now, rotatedForAnnotation) !== request) return false;
    return rotationOf(now)?.switchedMs !== undefined;
  });
  const told = rotatingOf(await certificateOf(session, name));
  if (!reached) {
    throw new CliError('CLI_WAIT', `the new key of CA "${name}" does not sign yet: ${told}`, {
      todo: `it goes on by itself; look with 'drawbridge certificate status ${name} -n ${namespace}'`,
    });
  }
  // The condition follows the Secret.
  const { object } = await waitFor(session, certificate, name, wish.timeoutMs, (now) =>
    ['Overlapping', 'Rotated'].includes(conditionOf(now)?.reason ?? ''),
  );
  return object ?? found;
}

/** Where the rotation of a CA stands, in words. */
export function rotatingOf(object: Certificate | undefined): string {
  return conditionOf(object)?.message ?? 'no controller has looked at it yet';
}

function conditionOf(
  object: Certificate | undefined,
): { readonly reason: string; readonly message: string } | undefined {
  return findCondition(object?.status?.conditions, 'Rotating');
}

function isOpen(secret: Secret): boolean {
  const record = rotationOf(secret);
  return record !== undefined && record.completedMs === undefined;
}

function refuseOthers(
  { metadata: { name }, spec }: Certificate,
  secret: Secret | undefined,
  namespace: string,
): void {
  const ca = spec?.ca ?? '';
  if (ca !== '') {
    throw usageError(
      [`"${name}" is not a CA: it comes from "${ca}"`],
      `'drawbridge certificate rotate ${ca} -n ${namespace}' renews that one and all it signed`,
    );
  }
  if (secret === undefined) return;
  if (annotationOf(secret, 'internal.skupper.io/controlled') !== undefined) return;
  throw new CliError(
    'CLI_REFUSED',
    `Secret "${name}" was brought by its user and is never rotated`,
    {
      todo: 'replace it where it comes from; what it signed here is then issued anew',
    },
  );
}
