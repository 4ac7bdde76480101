/** What is known of the rotation of one authority, from its objects and the caches. */
import {
  overlapAnnotation,
  rotateAnnotation,
  rotatedForAnnotation,
  rotationOf,
  rotationSettings,
} from '#apis/index.ts';
import { annotationOf } from '#kube/index.ts';
import type { InformerSet } from '#kubeclient/index.ts';
import { type CertificateSummary, parseCertificate } from '#pki/index.ts';
import {
  type Certificate,
  certificate,
  issuedLink,
  type Secret,
  secret,
  specOf,
} from '../kinds.ts';
import type { StoredCertificate } from '../stored-certificate.ts';
import type { RotationFacts } from './decision.ts';
import { type Dependents, holdersOf, leafOf, noDependents } from './dependents.ts';

/** @param existing the authority's Secret with what was read from it; undefined: there is none */
export function rotationFacts(
  informers: InformerSet,
  object: Certificate,
  existing: Secret | undefined,
  stored: StoredCertificate | undefined,
  nowMs: number,
): RotationFacts {
  const record = existing === undefined ? undefined : rotationOf(existing);
  const current = stored?.certificate;
  const isUnderWay = record !== undefined && record.completedMs === undefined;
  return {
    record,
    next: isUnderWay && record.switchedMs === undefined ? stored?.next : undefined,
    request: requestOf(object),
    rotatedFor: existing === undefined ? undefined : annotationOf(existing, rotatedForAnnotation),
    settings: rotationSettings(specOf(object).settings, annotationOf(object, overlapAnnotation)),
    dependents:
      isUnderWay && current !== undefined
        ? dependentsOf(
            informers,
            object,
            [current, ...readable(stored?.bundle ?? [])],
            record,
            nowMs,
          )
        : noDependents,
  };
}

/** The text that asks for a rotation; undefined: nobody ever did. */
export function requestOf(object: Certificate): string | undefined {
  return annotationOf(object, rotateAnnotation) || undefined;
}

function dependentsOf(
  informers: InformerSet,
  { metadata }: Certificate,
  authorities: readonly [CertificateSummary, ...CertificateSummary[]],
  record: NonNullable<RotationFacts['record']>,
  nowMs: number,
): Dependents {
  const { namespace = '', name } = metadata;
  const leaves = informers
    .of(certificate)
    .list(namespace)
    .filter((each) => specOf(each).ca === name)
    .flatMap((each) => {
      const found = informers.of(secret).get({ namespace, name: each.metadata.name });
      return (found && leafOf(found, authorities)) ?? [];
    });
  const issued = informers
    .of(issuedLink)
    .list(namespace)
    .filter(({ spec }) => spec?.issuer === name);
  return { leaves, holders: holdersOf(issued, authorities[0], record, nowMs) };
}

function readable(bundle: readonly string[]): CertificateSummary[] {
  return bundle.map((pem) => parseCertificate(pem));
}

/** The Certificate without what was said for a rotation that is done; the same when nothing was. */
export function withoutDoneOverlap(
  object: Certificate,
  { record, request, rotatedFor }: RotationFacts,
): Certificate {
  const { [overlapAnnotation]: overlap, ...annotations } = object.metadata.annotations ?? {};
  const isDone = record?.completedMs !== undefined && request === rotatedFor;
  if (overlap === undefined || !isDone) return object;
  return { ...object, metadata: { ...object.metadata, annotations } };
}
