/**
 * A path followed from this end: one step after the other, each a fact, until the first that is at
 * fault. That one is the cause, so a person reads one sentence and runs one command.
 */
import { isKubeError } from '#kubeclient/index.ts';

/** `note`: looked at, but neither good nor bad, or not to be had from here. */
export type StepState = 'ok' | 'fault' | 'note';

/** What one step found. */
export interface Finding {
  /** One word or two, such as `credentials`. */
  readonly step: string;
  readonly state: StepState;
  readonly detail: string;
  /** Only of faults: what to do, sentences and commands or YAML to run, line by line. */
  readonly fix?: readonly string[];
}

/** One step; it may find several facts. */
export type Step<Context> = (context: Context) => Promise<readonly Finding[]>;

/** The whole path, up to the first fault. */
export interface Diagnosis {
  readonly healthy: boolean;
  readonly steps: readonly Finding[];
  /** The fault; absent when there is none. */
  readonly cause?: Finding;
}

export function ok(step: string, detail: string): Finding {
  return { step, state: 'ok', detail };
}

export function note(step: string, detail: string): Finding {
  return { step, state: 'note', detail };
}

export function fault(step: string, detail: string, ...fix: readonly string[]): Finding {
  return { step, state: 'fault', detail, fix };
}

/** Takes the steps until one is at fault. @param onStep called before each, with what came before */
export async function follow<Context>(
  context: Context,
  steps: readonly Step<Context>[],
  onStep: (done: readonly Finding[]) => void = () => undefined,
): Promise<Diagnosis> {
  const found: Finding[] = [];
  for (const step of steps) {
    onStep(found);
    for (const finding of await taken(step, context)) {
      // What may not be looked at stands in the way of several steps.
      if (finding.state === 'note' && found.some(({ detail }) => detail === finding.detail))
        continue;
      found.push(finding);
      if (finding.state === 'fault') return { healthy: false, steps: found, cause: finding };
    }
  }
  return { healthy: true, steps: found };
}

/** What may not be looked at is no fault of the path: the next steps may tell all the same. */
async function taken<Context>(step: Step<Context>, context: Context): Promise<readonly Finding[]> {
  try {
    return await step(context);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_FORBIDDEN')) throw thrown;
    return [note('access', `may not look: ${thrown.message}`)];
  }
}
