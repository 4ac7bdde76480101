/**
 * Conditions of a status and how they sum up to one word. Setting a condition that changes nothing
 * gives back the very same list, so that callers can skip the write.
 * @spec Kubernetes meta/v1 Condition
 */
import { array, dateTime, integer, object, oneOfTexts, string } from './schema/build.ts';
import type { Infer } from './schema/node.ts';
import { formatTime } from './time.ts';

/** Schema of one condition. */
export const conditionSchema = object('One aspect of the state of an object.', {
  required: {
    type: string('Name of the aspect, such as Configured or Ready.', {
      maxLength: 316,
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    }),
    status: oneOfTexts('Whether the aspect holds.', ['True', 'False', 'Unknown']),
    reason: string('One word for machines on why.', {
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
    message: string('A sentence for people.', { maxLength: 32_768 }),
    lastTransitionTime: dateTime('When the status last changed.'),
  },
  optional: {
    observedGeneration: integer('The generation of the object that this speaks about.', {
      format: 'int64',
      minimum: 0,
    }),
  },
});

/** One condition of an object. */
export type Condition = Infer<typeof conditionSchema>;

/** Schema of the `conditions` list of a status. */
export const conditionsSchema = array('State of the object, aspect by aspect.', conditionSchema);

/** What a condition says, without its name and times. */
export type ConditionState = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The condition type that sums up the others. */
export const readyCondition = 'Ready';

/** The aspect is as it should be. */
export function stateReady(): ConditionState {
  return { status: 'True', reason: 'Ready', message: 'OK' };
}

/** The aspect is at fault. */
export function stateError(message: string): ConditionState {
  return { status: 'False', reason: 'Error', message };
}

/** The aspect waits for something. */
export function statePending(message = 'Pending'): ConditionState {
  return { status: 'False', reason: 'Pending', message };
}

/** When a condition is evaluated, and for which generation. */
export interface Evaluation {
  readonly nowMs: number;
  readonly generation: number | undefined;
}

/** The condition of a type. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}

/** True when the condition is there and holds. */
export function isConditionTrue(
  conditions: readonly Condition[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The conditions with one set. `lastTransitionTime` moves only when the status changes; when nothing
 * changes at all the argument itself comes back.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
  state: ConditionState,
  at: Evaluation,
): readonly Condition[] {
  const before = findCondition(conditions, type);
  const kept = before !== undefined && before.status === state.status;
  const next: Condition = {
    type,
    status: state.status,
    reason: state.reason,
    message: state.message,
    lastTransitionTime: kept ? before.lastTransitionTime : formatTime(at.nowMs),
    ...(at.generation === undefined ? {} : { observedGeneration: at.generation }),
  };
  if (before === undefined) return [...(conditions ?? []), next];
  const same =
    kept &&
    before.reason === next.reason &&
    before.message === next.message &&
    before.observedGeneration === next.observedGeneration;
  if (same) return conditions ?? [];
  return (conditions ?? []).map((each) => (each.type === type ? next : each));
}

/** The conditions without one; the argument itself when it is not there. */
export function removeCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): readonly Condition[] {
  if (findCondition(conditions, type) === undefined) return conditions ?? [];
  return (conditions ?? []).filter((each) => each.type !== type);
}

/** The sum of conditions: `Ready`, `Pending`, `Error` and a text for people. */
export interface Aggregate {
  readonly status: string;
  readonly message: string;
}

/**
 * Sums up: the first required type that is missing makes it Pending, the first that does not hold gives
 * its reason and message; else Ready.
 */
export function aggregate(
  required: readonly string[],
  conditions: readonly Condition[] | undefined,
): Aggregate {
  for (const type of required) {
    const condition = findCondition(conditions, type);
    if (condition === undefined) return { status: 'Pending', message: `Not ${type}` };
    if (condition.status !== 'True') {
      return { status: condition.reason, message: condition.message };
    }
  }
  return { status: 'Ready', message: 'OK' };
}

/** The part of a status that all our kinds share. */
export interface StatusEnvelope {
  status?: string;
  message?: string;
  conditions?: Condition[];
}

/**
 * A status with some conditions set and the sum brought up to date, the `Ready` condition included.
 * Comes back unchanged (the same object) when nothing changed.
 * @param required the condition types that make the kind ready, in the order they are told
 */
export function settleStatus<T extends StatusEnvelope>(
  before: T,
  changes: Readonly<Record<string, ConditionState>>,
  required: readonly string[],
  at: Evaluation,
): T {
  let conditions: readonly Condition[] = before.conditions ?? [];
  for (const [type, state] of Object.entries(changes)) {
    conditions = setCondition(conditions, type, state, at);
  }
  const sum = aggregate(required, conditions);
  const ready: ConditionState =
    sum.status === 'Ready'
      ? stateReady()
      : { status: 'False', reason: sum.status, message: sum.message };
  conditions = setCondition(conditions, readyCondition, ready, at);
  const same =
    conditions === before.conditions &&
    before.status === sum.status &&
    before.message === sum.message;
  if (same) return before;
  return { ...before, status: sum.status, message: sum.message, conditions: [...conditions] };
}
