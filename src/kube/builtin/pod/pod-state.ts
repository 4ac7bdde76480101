/** How a pod is, in the words of `kubectl get pods`. */
import type { ContainerStatus, Pod } from './pod-schema.ts';

/** The STATUS of a pod. */
export function podStateText(pod: Pod): string {
  const { status = {} } = pod;
  const { phase = '', reason = phase } = status;
  const text = initState(pod) ?? containersState(pod) ?? reason;
  if (pod.metadata.deletionTimestamp === undefined) return text;
  return reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

/** What the first init container that is not done holds up; undefined when all are done. */
function initState({ spec, status }: Pod): string | undefined {
  const all = status?.initContainerStatuses ?? [];
  const index = all.findIndex(({ state }) => state?.terminated?.exitCode !== 0);
  const current = all[index]?.state;
  if (index < 0) return undefined;
  if (current?.terminated) {
    const { reason = '' } = current.terminated;
    return `Init:${reason === '' ? endText(current.terminated) : reason}`;
  }
  const { reason = '' } = current?.waiting ?? {};
  if (reason !== '' && reason !== 'PodInitializing') return `Init:${reason}`;
  return `Init:${index}/${spec?.initContainers?.length ?? all.length}`;
}

function containersState({ status }: Pod): string | undefined {
  const all = status?.containerStatuses ?? [];
  let text: string | undefined;
  // The first container with something to say has the word.
  for (const { state } of all.toReversed()) {
    const { waiting, terminated } = state ?? {};
    if ((waiting?.reason ?? '') !== '') text = waiting?.reason;
    else if (terminated) {
      const { reason = '' } = terminated;
      text = reason === '' ? endText(terminated) : reason;
    }
  }
  const running = all.some(({ state, ready }) => ready === true && state?.running !== undefined);
  if (text !== 'Completed' || !running) return text;
  return isReady(status?.conditions ?? []) ? 'Running' : 'NotReady';
}

function isReady(conditions: readonly { type?: string; status?: string }[]): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function endText({ signal = 0, exitCode = 0 }: { signal?: number; exitCode?: number }): string {
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

/** How many containers are ready, of how many. */
export function podReadyText({ spec, status }: Pod): string {
  const all = status?.containerStatuses ?? [];
  const ready = all.filter((each) => each.ready === true && each.state?.running !== undefined);
  return `${ready.length}/${spec?.containers?.length ?? 0}`;
}

/** How often containers were restarted. */
export function podRestarts({ status }: Pod): number {
  const all: readonly ContainerStatus[] = status?.containerStatuses ?? [];
  return all.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}
