/** The status of Certificates: the Ready condition, and the columns that people look at. */
import {
  type ConditionState,
  formatTime,
  setCondition,
  stateError,
  stateReady,
} from '#kube/index.ts';
import type { Certificate } from './kinds.ts';

function withState(
  object: Certificate,
  state: ConditionState,
  word: string,
  nowMs: number,
  notAfterMs: number | undefined,
): Certificate {
  const at = { nowMs, generation: object.metadata.generation };
  const { expiration: _old, ...rest } = object.status ?? {};
  return {
    ...object,
    status: {
      ...rest,
      status: word,
      message: state.message,
      ...(notAfterMs === undefined ? {} : { expiration: formatTime(notAfterMs) }),
      conditions: [...setCondition(object.status?.conditions, 'Ready', state, at)],
    },
  };
}

/** The Secret is right until `notAfterMs`. */
export function asReady(object: Certificate, notAfterMs: number, nowMs: number): Certificate {
  return withState(object, stateReady(), 'Ready', nowMs, notAfterMs);
}

/** There is no right Secret. */
export function asFaulty(object: Certificate, message: string, nowMs: number): Certificate {
  return withState(object, stateError(message), 'Error', nowMs, undefined);
}
