/**
 * The question of an API server whether a GatewayToken or a verdict may be written, and the answer.
 * @spec Kubernetes admission.k8s.io/v1 AdmissionReview
 */
import {
  type GatewayToken,
  gatewayToken,
  type GatewayVerdict,
  gatewayVerdict,
} from '#apis/index.ts';
import { isRecord } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import { GatewayError } from '../errors.ts';

/** What is asked about, by its plural. */
interface Asked {
  readonly gatewaytokens: GatewayToken;
  readonly gatewayverdicts: GatewayVerdict;
}

interface Question<R extends keyof Asked> {
  readonly resource: R;
  /** Of the question. */
  readonly uid: string;
  readonly operation: string;
  readonly subresource: string;
  readonly dryRun: boolean;
  /** Who writes; the impersonated one where somebody impersonates. */
  readonly user: User;
  readonly namespace: string;
  readonly object: Asked[R];
  readonly old: Asked[R] | undefined;
}

export type GrantQuestion = Question<'gatewaytokens'>;
export type VerdictQuestion = Question<'gatewayverdicts'>;
export type AdmissionRequest = GrantQuestion | VerdictQuestion;

export interface Verdict {
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

/** The answer to somebody who may not. */
export function forbidden(message: string): Verdict {
  return { allowed: false, status: { code: 403, reason: 'Forbidden', message } };
}

const apiVersion = 'admission.k8s.io/v1';
const uidCharsMax = 128;

/** @throws GatewayError GATEWAY_REQUEST when it is no question about a GatewayToken */
export function parseAdmissionReview(body: Buffer): AdmissionRequest {
  const review = parse(body);
  if (review['apiVersion'] !== apiVersion || review['kind'] !== 'AdmissionReview') {
    throw refused(`the body is no AdmissionReview of ${apiVersion}`);
  }
  const request = recordIn(review, 'request');
  const uid = textIn(request, 'uid');
  if (uid === '' || uid.length > uidCharsMax) throw refused('request.uid is missing');
  const { group, resource } = recordIn(request, 'resource');
  const question = {
    uid,
    operation: textIn(request, 'operation'),
    subresource: textIn(request, 'subResource'),
    dryRun: request['dryRun'] === true,
    user: userIn(recordIn(request, 'userInfo')),
    namespace: textIn(request, 'namespace'),
  };
  const object = objectOf(request['object']);
  const { oldObject } = request;
  const old = oldObject == null ? undefined : objectOf(oldObject);
  if (group === gatewayToken.group && resource === gatewayToken.plural) {
    return { resource: 'gatewaytokens', ...question, object, old };
  }
  if (group === gatewayVerdict.group && resource === gatewayVerdict.plural) {
    return { resource: 'gatewayverdicts', ...question, object, old };
  }
  throw refused('request.resource is neither gatewaytokens nor gatewayverdicts of drawbridge.dev');
}

/** The answer to the question with that uid. */
export function admissionAnswer(uid: string, { allowed, status }: Verdict): object {
  const failure = status && { status: 'Failure', ...status };
  const response = { uid, allowed, ...(failure === undefined ? {} : { status: failure }) };
  return { apiVersion, kind: 'AdmissionReview', response };
}

function userIn(info: Readonly<Record<string, unknown>>): User {
  const name = textIn(info, 'username');
  if (name === '') throw refused('request.userInfo.username is missing');
  const { groups = [], extra = {} } = info;
  if (!isTexts(groups)) throw refused('request.userInfo.groups is no list of texts');
  if (!isRecord(extra) || !Object.values(extra).every(isTexts)) {
    throw refused('request.userInfo.extra is no map of lists');
  }
  const uid = textIn(info, 'uid');
  return {
    name,
    groups,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0
      ? {}
      : { extra: extra as Readonly<Record<string, readonly string[]>> }),
  };
}

/** What the API server sends has passed the schema of its kind: only the outline is looked at. */
function objectOf(value: unknown): GatewayToken & GatewayVerdict {
  const object = isRecord(value) ? value : {};
  const { metadata, spec = {}, status = {} } = object;
  if (!isRecord(metadata) || !isRecord(spec) || !isRecord(status)) {
    throw refused('request.object is not the object that is asked about');
  }
  return { ...object, metadata, spec, status } as unknown as GatewayToken & GatewayVerdict;
}

function recordIn(
  of: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  const value = of[name];
  if (!isRecord(value)) throw refused(`${name} is missing`);
  return value;
}

function textIn(of: Readonly<Record<string, unknown>>, name: string): string {
  const value = of[name] ?? '';
  if (typeof value !== 'string') throw refused(`${name} is no text`);
  return value;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function parse(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isRecord(value)) return value;
  } catch {
    // Told below.
  }
  throw refused('the body is no JSON object');
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}
