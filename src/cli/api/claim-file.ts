/**
 * Claims in token files, as Skupper v1 writes and reads them. Here a claim is redeemed as the
 * AccessToken that it amounts to.
 * @spec Skupper v1 token files
 */
import { claimSecret, readClaim, tokenLabel } from '#apis/index.ts';
import { apiVersionOf, isRecord } from '#kube/index.ts';
import { nameProblems } from '../input/name.ts';
import { accessToken, type AccessToken, type Secret, secretKind } from './kinds.ts';
import type { Unreadable } from './manifest-file.ts';
import { annotation, annotationsFor, notesIn, type TokenNotes } from './token-notes.ts';

/** The claim for a token, with the same notes. */
export function claimFor(token: AccessToken, notes: TokenNotes): Secret {
  const { url = '', code: password = '', ca = '' } = token.spec ?? {};
  const facts = { url, password, ca, generatedBy: notes.siteId, expires: notes.expires };
  return claimSecret(token.metadata.name, facts, annotationsFor(notes));
}

/** True for a Secret labelled as a claim. */
export function isClaimManifest(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value) || value['kind'] !== secretKind.kind) return false;
  if (value['apiVersion'] !== apiVersionOf(secretKind)) return false;
  const labels = isRecord(value['metadata']) ? value['metadata']['labels'] : undefined;
  return isRecord(labels) && labels[tokenLabel.name] === tokenLabel.claim;
}

/** The AccessToken that redeems a claim. @throws what `unusable` makes */
export function claimTokenIn(
  manifest: Record<string, unknown>,
  path: string,
  unusable: Unreadable,
): AccessToken {
  const metadata = isRecord(manifest['metadata']) ? manifest['metadata'] : {};
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
  const [misnamed] = nameProblems('metadata.name', name);
  if (misnamed !== undefined) throw unusable(path, misnamed);
  const annotations = textsOf(metadata['annotations']);
  const read = readClaim({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, annotations },
    data: textsOf(manifest['data']),
  });
  if ('problem' in read) throw unusable(path, read.problem);
  const { url, password, ca, generatedBy, expires, cost } = read.value;
  if (new URL(url).protocol !== 'https:') throw unusable(path, 'token url scheme must be https');
  return {
    apiVersion: apiVersionOf(accessToken),
    kind: accessToken.kind,
    metadata: {
      name,
      annotations: {
        ...notesIn(annotations),
        ...(generatedBy === '' ? {} : { [annotation.siteId]: generatedBy }),
        ...(expires === '' ? {} : { [annotation.expires]: expires }),
      },
    },
    spec: { url, code: password, ca, ...(cost === undefined ? {} : { linkCost: cost }) },
  };
}

/** The fields of a record that are texts. */
export function textsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
