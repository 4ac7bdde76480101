/** The status of Certificates: the Ready condition, and the columns that people look at. */
import {
  type ConditionState,
  formatTime,
  removeCondition,
  setCondition,
  stateError,
  stateReady,
} from '#kube/index.ts';
import type { Certificate } from './kinds.ts';

/** Of authorities: where their rotation stands. */
const rotatingCondition = 'Rotating';

function withState(
  object: Certificate,
  state: ConditionState,
  word: string,
  rotating: ConditionState | undefined,
  nowMs: number,
  notAfterMs: number | undefined,
): Certificate {
  const at = { nowMs, generation: object.metadata.generation };
  const before = object.status?.conditions;
  const withRotating =
    rotating === undefined
      ? removeCondition(before, rotatingCondition)
      : setCondition(before, rotatingCondition, rotating, at);
  const { expiration: _old, ...rest } = object.status ?? {};
  return {
    ...object,
    status: {
      ...rest,
      status: word,
      message: state.message,
      ...(notAfterMs === undefined ? {} : { expiration: formatTime(notAfterMs) }),
      conditions: [...setCondition(withRotating, 'Ready', state, at)],
    },
  };
}

/**
 * The Secret is right until `notAfterMs`.
 * @param rotating undefined: there is nothing to say about a rotation
 */
export function asReady(
  object: Certificate,
  notAfterMs: number,
  rotating: ConditionState | undefined,
  nowMs: number,
): Certificate {
  return withState(object, stateReady(), 'Ready', rotating, nowMs, notAfterMs);
}

/** There is no right Secret. */
export function asFaulty(
  object: Certificate,
  message: string,
  rotating: ConditionState | undefined,
  nowMs: number,
): Certificate {
  return withState(object, stateError(message), 'Error', rotating, nowMs, undefined);
}
