/**
 * Resources that were named without a group: those of the core group are meant, where it has them.
 * Otherwise a grant for `pods` would be one for the pods of every group, which hardly anybody may
 * give away.
 */
import { isRecord } from '#kube/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import type { Session } from '../../api/session.ts';
import type { GrantSpec } from '../../input/grant-wish.ts';

/** The spec with the core group where it is meant; as it was when the API server does not tell. */
export async function withCoreGroup(session: Session, spec: GrantSpec): Promise<GrantSpec> {
  const { rules = [] } = spec;
  if (rules.every(({ apiGroups = [] }) => apiGroups.length > 0)) return spec;
  const core = await coreResources(session);
  return {
    ...spec,
    rules: rules.flatMap((rule) => {
      if ((rule.apiGroups ?? []).length > 0) return [rule];
      const { resources = [] } = rule;
      const isCore = (text: string): boolean => core.has(text.split('/', 1)[0] ?? '');
      const [own, others] = [resources.filter(isCore), resources.filter((text) => !isCore(text))];
      return [
        ...(own.length === 0 ? [] : [{ ...rule, apiGroups: [''], resources: own }]),
        ...(own.length > 0 && others.length === 0 ? [] : [{ ...rule, resources: others }]),
      ];
    }),
  };
}

async function coreResources({ client }: Session): Promise<ReadonlySet<string>> {
  try {
    const list = await client.raw<{ resources?: unknown }>({ method: 'GET', path: '/api/v1' });
    const all: readonly unknown[] = Array.isArray(list.resources) ? list.resources : [];
    return new Set(all.filter(isRecord).map(({ name }) => String(name)));
  } catch (thrown) {
    // What the grant says is decided where it is made.
    if (thrown instanceof KubeClientError) return new Set();
    throw thrown;
  }
}
