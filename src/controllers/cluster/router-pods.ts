/** How the router of a Site is, as its pods tell. Pure. */
import { isTerminating, labelOf } from '#kube/index.ts';
import { componentLabels, messages } from '../names.ts';
import type { RouterHealth, SitePod } from '../runtime.ts';
import type { Pod } from './kinds.ts';

/** True for pods of routers. */
export function isRouterPod(pod: Pod): boolean {
  return (
    labelOf(pod, componentLabels.component) === 'router' &&
    labelOf(pod, componentLabels.type) === 'site'
  );
}

export function isReady({ status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return status?.phase === 'Running' && ready?.status === 'True';
}

/** Ready when any is; otherwise what the first one says is missing. */
export function healthOfPods(pods: readonly Pod[]): RouterHealth {
  const routers = pods.filter((pod) => isRouterPod(pod) && !isTerminating(pod));
  const serving = new Set(
    routers.filter(isReady).map((pod) => labelOf(pod, componentLabels.group)),
  );
  if (serving.size > 0) return { state: 'ready', count: serving.size };
  const [first] = routers;
  if (first === undefined) return { state: 'starting', message: messages.noRouterReady };
  const failing = first.status?.conditions?.find(({ status }) => status === 'False');
  const said = failing?.message ?? '';
  return {
    state: 'starting',
    message: said === '' ? `Pod ${first.metadata.name} not ready` : said,
  };
}

/** A pod that may be connected to; undefined for others. */
export function sitePodOf(pod: Pod): SitePod | undefined {
  const { metadata, status } = pod;
  const ip = status?.podIP ?? '';
  if (status?.phase !== 'Running' || ip === '' || isTerminating(pod)) return undefined;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    ip,
    ready: isReady(pod),
    labels: metadata.labels ?? {},
  };
}
