/** Tells people, as Events, when an object turns bad or good. */
import type { KubeObject, StatusEnvelope } from '#kube/index.ts';
import type { Written } from '#kubeclient/index.ts';
import type { ControllerContext } from './context.ts';

type WithStatus = KubeObject & { readonly status?: StatusEnvelope };

/** Records an Event when a write made the sum of the status another one than before. */
export function announceStatus(
  context: Pick<ControllerContext, 'events'>,
  before: WithStatus,
  written: Written<WithStatus> | undefined,
): void {
  if (written?.outcome !== 'updated') return;
  const after = written.object;
  const { status: was, message: said } = before.status ?? {};
  const { status: is = '', message = '' } = after.status ?? {};
  if (was === is && (said === message || is !== 'Error')) return;
  if (is === 'Error') context.events.record(after, { type: 'Warning', reason: 'Error', message });
  if (is === 'Ready') context.events.record(after, { type: 'Normal', reason: 'Ready', message });
  // Pending is where everything begins; it is news only when something worked before.
  if (is === 'Pending' && was === 'Ready') {
    context.events.record(after, { type: 'Warning', reason: 'NotReady', message });
  }
}
