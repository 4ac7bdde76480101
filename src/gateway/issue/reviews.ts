/** Asks an API server whether somebody may do something: the caller himself, or a named user. */
import { gatewayToken } from '#apis/index.ts';
import type { ObjectKey } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { type Attributes, attributesOf, type OpenedRight, type User } from '#rbac/index.ts';

const group = 'authorization.k8s.io';
/** Reviews that one question has under way at the same time. */
const parallelMax = 8;

/** Making tokens that open more than their creator may do. */
export function escalation(namespace: string): Attributes {
  const { group: of, version, plural: resource } = gatewayToken;
  const place = { group: of, version, resource, subresource: '', namespace, name: '' };
  return { type: 'resource', verb: 'escalate', ...place };
}

/** Agreeing to a token of somebody else, or denying it. */
export function approving({ namespace, name }: ObjectKey): Attributes {
  const { group: of, version, plural: resource } = gatewayToken;
  const place = { group: of, version, resource, subresource: '', namespace, name };
  return { type: 'resource', verb: 'approve', ...place };
}

/**
 * @param user asked about; absent: the client's own
 * @throws KubeClientError
 */
export async function mayDo(
  client: Pick<KubeClient, 'raw'>,
  attributes: Attributes,
  user?: User,
  signal?: AbortSignal,
): Promise<boolean> {
  const kind = user === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const { name, uid, groups, extra } = user ?? {};
  const review = await client.raw<{ status?: { allowed?: boolean; denied?: boolean } }>({
    method: 'POST',
    path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
    body: {
      apiVersion: `${group}/v1`,
      kind,
      spec: {
        ...asked(attributes),
        ...(user === undefined ? {} : { user: name, uid, groups, extra }),
      },
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return review.status?.allowed === true && review.status.denied !== true;
}

/** Those of the rights that are not held. @throws what `ask` throws, for the first that fails */
export async function lackingOf(
  rights: readonly OpenedRight[],
  ask: (attributes: Attributes) => Promise<boolean>,
): Promise<readonly OpenedRight[]> {
  const lacking: OpenedRight[] = [];
  for (let at = 0; at < rights.length; at += parallelMax) {
    const some = rights.slice(at, at + parallelMax);
    const answers = await Promise.all(some.map((right) => ask(attributesOf(right))));
    lacking.push(...some.filter((_, index) => answers[index] !== true));
  }
  return lacking;
}

function asked(attributes: Attributes): object {
  if (attributes.type === 'path') {
    const { verb, path } = attributes;
    return { nonResourceAttributes: { verb, path } };
  }
  const { type: _, ...resourceAttributes } = attributes;
  return { resourceAttributes };
}
