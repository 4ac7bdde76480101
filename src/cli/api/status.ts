/** Reads the status envelope that all our kinds share. */
import type { KubeObject } from '#kube/index.ts';

interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

interface StatusView {
  readonly status?: string;
  readonly message?: string;
  readonly conditions?: readonly ConditionView[];
}

/** What a verb can wait for. */
export type WaitGoal = 'ready' | 'configured' | 'none';

/** The status of an object, empty while no controller has written one. */
export function statusOf(object: KubeObject | undefined): StatusView {
  return (object as { readonly status?: StatusView } | undefined)?.status ?? {};
}

/** True when the object is in the state and that was judged on its present generation. */
export function hasReached(object: KubeObject | undefined, goal: WaitGoal): boolean {
  if (goal === 'none') return true;
  if (object === undefined) return false;
  if (goal === 'configured') return isTrue(object, 'Configured');
  const status = statusOf(object);
  if (status.status !== 'Ready') return false;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || isTrue(object, 'Ready');
}

/** True when the condition is True and not older than the object's present generation. */
export function isTrue(object: KubeObject, type: string): boolean {
  const condition = statusOf(object).conditions?.find((each) => each.type === type);
  if (condition?.status !== 'True') return false;
  return (condition.observedGeneration ?? Infinity) >= (object.metadata.generation ?? 0);
}

/** Why an object is not in the state it should be in; empty when nobody has said. */
export function reasonNot(object: KubeObject | undefined, goal: WaitGoal): string {
  const status = statusOf(object);
  const condition = status.conditions?.find(
    ({ type, status: value }) => goal === 'configured' && type === 'Configured' && value !== 'True',
  );
  const text = condition?.message ?? status.message ?? '';
  if (text === 'OK') return '';
  return text === 'Pending' ? (moreThanPending(status) ?? text) : text;
}

/** What a condition that does not hold says beyond its reason, such as that an address is missing. */
function moreThanPending({ conditions = [] }: StatusView): string | undefined {
  return conditions.find(
    ({ status, reason, message = '' }) =>
      status !== 'True' && message !== '' && message !== 'Pending' && message !== reason,
  )?.message;
}
