/** The time that is left, always in sight, said aloud when it runs out. */
import { spanText } from './words.ts';

/** Times before the end that are said aloud; milliseconds. */
const spokenMs = [600_000, 300_000, 60_000, 30_000, 10_000];

export interface CountdownOptions {
  readonly element: HTMLElement;
  /** End on the gateway's clock, and that clock now; epoch milliseconds. */
  readonly endsAtMs: number;
  readonly serverNowMs: number;
  readonly say: (text: string) => void;
  readonly onEnd: () => void;
}

export interface Countdown {
  readonly leftMs: () => number;
  readonly stop: () => void;
}

/** Counts down until the end. */
export function countDown(options: CountdownOptions): Countdown {
  const { element, say, onEnd } = options;
  const endsAtMs = performance.now() + (options.endsAtMs - options.serverNowMs);
  const whole = Math.max(1, options.endsAtMs - options.serverNowMs);
  let spoken = whole;
  const leftMs = (): number => endsAtMs - performance.now();
  const tick = (): void => {
    const left = leftMs();
    const text = spanText(left);
    if (element.textContent !== text) element.textContent = text;
    element.style.setProperty('--left', String(Math.max(0, left / whole)));
    element.dataset['soon'] = String(left < 60_000);
    const due = spokenMs.find((ms) => left <= ms && spoken > ms);
    if (due !== undefined) {
      spoken = due;
      say(`${spanText(due)} left`);
    }
    if (left > 0) return;
    stop();
    onEnd();
  };
  const timer = setInterval(tick, 250);
  const stop = (): void => clearInterval(timer);
  tick();
  return { leftMs, stop };
}
