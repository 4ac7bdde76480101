/** A router that serves in this process. */
import type { Router } from '#router/index.ts';

export interface RunningRouter {
  readonly router: Router;
  stop(): Promise<void>;
}
