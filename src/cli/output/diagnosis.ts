/** A path that was followed, as people read it: the steps, then one cause and what mends it. */
import type { Diagnosis, StepState } from '../why/step.ts';
import type { Surveyed } from '../why/survey.ts';
import { oneLine, renderTable } from './table.ts';

const signs: Readonly<Record<StepState, string>> = { ok: 'ok', fault: 'FAULT', note: '-' };

/** Steps under the name of what was asked about. @param target such as `link/to-west` */
export function renderDiagnosis(target: string, namespace: string, diagnosis: Diagnosis): string {
  const { steps, cause } = diagnosis;
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.map(
    ({ step, state, detail }) =>
      `  ${signs[state].padEnd(5)}  ${step.padEnd(width)}  ${oneLine(detail)}`,
  );
  const head = [`${target} in namespace ${namespace}`, ''];
  if (cause === undefined) return [...head, ...lines, '', 'No fault found.', ''].join('\n');
  const fix = (cause.fix ?? []).map((line) => `  ${line}`);
  return [
    ...head,
    ...lines,
    '',
    `Cause: ${oneLine(cause.detail)}`,
    ...(fix.length === 0 ? [] : ['Fix:', ...fix]),
    '',
  ].join('\n');
}

/** Everything of a namespace, a line each, and which path to follow first. */
export function renderSurvey(namespace: string, surveyed: readonly Surveyed[]): string {
  const rows = surveyed.map(({ target, diagnosis: { cause, steps } }) => {
    const unseen = steps.find(({ step }) => step === 'access');
    const state = cause !== undefined ? 'fault' : unseen !== undefined ? 'note' : 'ok';
    return [target, signs[state], (cause ?? unseen)?.detail ?? ''];
  });
  const first = surveyed.find(({ diagnosis }) => !diagnosis.healthy);
  const table = renderTable(['OBJECT', 'STATE', 'CAUSE'], rows);
  if (first === undefined) return `${table}\nNo fault found in namespace ${namespace}.\n`;
  const fix = (first.diagnosis.cause?.fix ?? []).map((line) => `  ${line}\n`).join('');
  return `${table}\nBegin with ${first.target}:\n${fix}`;
}
