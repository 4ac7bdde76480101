/** What reviews have in common: a question is posted, the answer comes back, nothing is stored. */
import { badRequest, type DynamicObject, isRecord } from '#kube/index.ts';
import type { ResourceRequest, User } from '#rbac/index.ts';

/** One question. */
export interface Question {
  readonly user: User;
  readonly info: ResourceRequest;
  /** The decoded request. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly warnings: string[];
}

/** Answers a question. @throws StatusError as Kubernetes answers */
export type Answer = (question: Question) => Promise<DynamicObject> | DynamicObject;

/** The spec of a question; an empty one when there is none. */
export function specOf({ body }: Question): Readonly<Record<string, unknown>> {
  const { spec } = body;
  if (spec === undefined || spec === null) return {};
  if (isRecord(spec)) return spec;
  throw badRequest('spec must be an object');
}

/** A text field; absent is empty. @throws StatusError KUBE_BAD_REQUEST for anything but a text */
export function textOf(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw badRequest(`${name} must be a string`);
}

/** A list of texts; absent is empty. @throws StatusError KUBE_BAD_REQUEST for anything else */
export function textsOf(record: Readonly<Record<string, unknown>>, name: string): string[] {
  const value = record[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw badRequest(`${name} must be a list of strings`);
}

/** Answers have no name of their own. */
export function reviewAnswer(
  apiVersion: string,
  kind: string,
  rest: { readonly metadata?: object; readonly spec?: unknown; readonly status: unknown },
): DynamicObject {
  return { kind, apiVersion, metadata: {}, ...rest } as DynamicObject;
}
