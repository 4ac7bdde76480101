/**
 * Makes tokens for ServiceAccounts: `POST …/serviceaccounts/NAME/token`.
 * @spec Kubernetes authentication.k8s.io/v1 TokenRequest
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import {
  badRequest,
  conflict,
  type FieldError,
  formatTime,
  invalid,
  invalidObject,
  isRecord,
  type KubeObject,
  notFoundObject,
} from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import { type BoundKind, signToken, type TokenClaims } from '#token/index.ts';
import {
  type Answer,
  type Question,
  reviewAnswer,
  specOf,
  textOf,
  textsOf,
} from '../reviews/review.ts';
import type { TokenKeys } from './token-keys.ts';

export interface TokenRequestDeps {
  readonly clock: Clock;
  readonly store: Store<KubeObject>;
  readonly keys: TokenKeys;
  issuer(): string;
}

const kind = { kind: 'TokenRequest', group: 'authentication.k8s.io' };
const secondsMin = 600;
const secondsMax = 2 ** 32;
const secondsDefault = 3600;
/** Audiences of one token, and characters of one. */
const audiencesMax = 16;
const audienceCharsMax = 512;

/** The answerer of TokenRequests. */
export function tokenRequest(deps: TokenRequestDeps): Answer {
  return async (question) => {
    const { namespace, name } = question.info;
    checkPlace(question);
    const account = deps.store.get('serviceaccounts', { namespace, name })?.value;
    if (!account) throw notFoundObject({ plural: 'serviceaccounts', group: '' }, name);
    const spec = readSpec(question, deps);
    const bound = spec.reference && boundObject(deps.store, namespace, name, spec.reference);
    const nowMs = deps.clock.nowMs();
    const issuedAt = Math.floor(nowMs / 1000);
    const claims: TokenClaims = {
      issuer: deps.issuer(),
      audiences: spec.audiences,
      namespace,
      serviceAccount: { name, uid: account.metadata.uid ?? '' },
      ...(bound ? { bound } : {}),
      id: randomUUID(),
      issuedAt,
      expiresAt: issuedAt + spec.seconds,
    };
    // A dry run leaves nothing behind, and a token would stay good.
    const token = question.dryRun ? '' : await signToken(deps.keys.signing, claims);
    return reviewAnswer('authentication.k8s.io/v1', 'TokenRequest', {
      metadata: {
        name,
        namespace,
        uid: account.metadata.uid,
        creationTimestamp: formatTime(nowMs),
      },
      spec: {
        audiences: spec.audiences,
        expirationSeconds: spec.seconds,
        boundObjectRef: spec.reference ?? null,
      },
      status: { token, expirationTimestamp: formatTime(claims.expiresAt * 1000) },
    });
  };
}

interface Reference {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly uid?: string;
}

interface Spec {
  readonly audiences: readonly string[];
  readonly seconds: number;
  readonly reference: Reference | undefined;
}

/** What the body says of its place must be what the path says. @throws StatusError */
function checkPlace({ body, info }: Question): void {
  const { metadata } = body;
  if (!isRecord(metadata)) return;
  const namespace = textOf(metadata, 'namespace');
  if (namespace !== '' && namespace !== info.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  const name = textOf(metadata, 'name');
  if (name === '' || name === info.name) return;
  const why = 'must match the service account name if specified';
  throw invalidObject(kind, info.name, [invalid('metadata.name', name, why)]);
}

/** @throws StatusError KUBE_INVALID, KUBE_BAD_REQUEST */
function readSpec(question: Question, deps: TokenRequestDeps): Spec {
  const spec = specOf(question);
  const audiences = textsOf(spec, 'audiences');
  const asked = spec['expirationSeconds'] ?? secondsDefault;
  if (typeof asked !== 'number' || !Number.isInteger(asked)) {
    throw badRequest('expirationSeconds must be a whole number');
  }
  const faults: FieldError[] = [];
  if (asked < secondsMin) {
    const why = 'may not specify a duration less than 10 minutes';
    faults.push(invalid('spec.expirationSeconds', asked, why));
  }
  if (asked > secondsMax) {
    const why = 'may not specify a duration larger than 2^32 seconds';
    faults.push(invalid('spec.expirationSeconds', asked, why));
  }
  if (audiences.length > audiencesMax) {
    const why = `may not name more than ${audiencesMax} audiences`;
    faults.push(invalid('spec.audiences', audiences.length, why));
  }
  if (audiences.some((audience) => audience === '' || audience.length > audienceCharsMax)) {
    const why = `an audience must have 1 to ${audienceCharsMax} characters`;
    faults.push(invalid('spec.audiences', '', why));
  }
  if (faults.length > 0) throw invalidObject(kind, '', faults);
  const ceiling = Math.floor(deps.keys.tokenLifetimeMsMax / 1000);
  if (asked > ceiling) {
    question.warnings.push(
      `requested expiration of ${asked} seconds shortened to ${ceiling} seconds`,
    );
  }
  return {
    audiences: audiences.length === 0 ? [deps.issuer()] : audiences,
    seconds: Math.min(asked, ceiling),
    reference: referenceOf(spec['boundObjectRef']),
  };
}

function referenceOf(value: unknown): Reference | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw badRequest('boundObjectRef must be an object');
  const uid = textOf(value, 'uid');
  return {
    kind: textOf(value, 'kind'),
    apiVersion: textOf(value, 'apiVersion'),
    name: textOf(value, 'name'),
    ...(uid === '' ? {} : { uid }),
  };
}

/** @throws StatusError KUBE_BAD_REQUEST, KUBE_NOT_FOUND, KUBE_CONFLICT */
function boundObject(
  store: Store<KubeObject>,
  namespace: string,
  account: string,
  reference: Reference,
): { readonly kind: BoundKind; readonly name: string; readonly uid: string } {
  const { name } = reference;
  const core = reference.apiVersion === 'v1' || reference.apiVersion === '';
  if (!core || (reference.kind !== 'Pod' && reference.kind !== 'Secret')) {
    throw badRequest(`cannot bind token to object of type ${goKind(reference)}`);
  }
  const plural = reference.kind === 'Pod' ? 'pods' : 'secrets';
  const object = store.get(plural, { namespace, name })?.value;
  if (!object) throw notFoundObject({ plural, group: '' }, name);
  if (reference.kind === 'Pod' && podAccount(object) !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  const uid = object.metadata.uid ?? '';
  if (reference.uid !== undefined && reference.uid !== uid) {
    throw conflict(
      { plural: reference.kind, group: '' },
      name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { kind: reference.kind === 'Pod' ? 'pod' : 'secret', name, uid };
}

function podAccount(pod: KubeObject): unknown {
  const { spec }: { spec?: unknown } & KubeObject = pod;
  return isRecord(spec) ? spec['serviceAccountName'] : undefined;
}

/** `group/version, Kind=kind`, as Go prints it. */
function goKind({ apiVersion, kind: name }: Reference): string {
  const full = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${full}, Kind=${name}`;
}
