/** Finds the labels by which a workload selects its pods. */
import { messageOf } from '#base/errors.ts';
import { isRecord } from '#kube/index.ts';
import type { Session } from '../api/session.ts';
import { usageError } from '../errors.ts';
import { nameProblems } from '../input/name.ts';

interface WorkloadKind {
  readonly kind: string;
  readonly path: (namespace: string, name: string) => string;
}

const apps = (plural: string) => (namespace: string, name: string) =>
  `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;

const kinds: Readonly<Record<string, WorkloadKind>> = {
  deployment: { kind: 'Deployment', path: apps('deployments') },
  daemonset: { kind: 'DaemonSet', path: apps('daemonsets') },
  statefulset: { kind: 'StatefulSet', path: apps('statefulsets') },
  service: {
    kind: 'Service',
    path: (namespace, name) =>
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(name)}`,
  },
};

/** The parts of `deployment/backend`. */
export function parseWorkload(
  text: string,
): { readonly value: { readonly of: WorkloadKind; readonly name: string } } | { problem: string } {
  const [type = '', name = '', ...rest] = text.split('/');
  if (name === '' || rest.length > 0) {
    return { problem: 'workload must include <resource-type>/<resource-name>' };
  }
  const of = Object.hasOwn(kinds, type.toLowerCase()) ? kinds[type.toLowerCase()] : undefined;
  if (of === undefined) {
    const known = Object.keys(kinds).join(' ');
    return {
      problem: `workload is not valid: resource-type ${type} not allowed. It should be one of this options: [${known}]`,
    };
  }
  const [problem] = nameProblems('workload name', name);
  return problem === undefined ? { value: { of, name } } : { problem };
}

/**
 * The selector of a workload as text.
 * @param text checked with parseWorkload before
 * @throws CliError CLI_USAGE when it is not there or selects nothing
 */
export async function workloadSelector(session: Session, text: string): Promise<string> {
  const parsed = parseWorkload(text);
  if ('problem' in parsed) throw usageError([parsed.problem], 'use --workload deployment/NAME');
  const { of, name } = parsed.value;
  const labels = matchLabels(of, await load(session, of, name));
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  if (pairs.length > 0) return pairs.toSorted().join(',');
  throw usageError(
    [`workload, no selector Matchlabels found`],
    `give the labels of its pods with --selector`,
  );
}

async function load(session: Session, of: WorkloadKind, name: string): Promise<unknown> {
  try {
    return await session.client.raw({ method: 'GET', path: of.path(session.namespace, name) });
  } catch (thrown) {
    throw usageError(
      [`failed trying to get ${of.kind} specified by workload: ${messageOf(thrown)}`],
      'check the name and the namespace (-n); without pods use --host',
    );
  }
}

/** A Service carries the labels itself, the others under matchLabels. */
function matchLabels(of: WorkloadKind, object: unknown): Readonly<Record<string, unknown>> {
  const spec = isRecord(object) ? object['spec'] : undefined;
  const selector = isRecord(spec) ? spec['selector'] : undefined;
  if (!isRecord(selector)) return {};
  if (of.kind === 'Service') return selector;
  return isRecord(selector['matchLabels']) ? selector['matchLabels'] : {};
}
