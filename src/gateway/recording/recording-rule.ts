/** Whether a terminal is recorded, and what cannot be opened because it would have to be. Pure. */
import type { GatewayToken } from '#apis/index.ts';
import { GatewayError } from '../errors.ts';
import type { Capability } from '../rules/connect-capability.ts';

export interface RecordingAsk {
  /** What the grant says. */
  readonly recording: GatewayToken['spec']['recording'];
  /** What the gateway does; undefined: it does not record. */
  readonly policy: 'all' | 'asked' | undefined;
  readonly capability: Capability | undefined;
}

const terminals: ReadonlySet<Capability | undefined> = new Set(['exec', 'attach']);

/**
 * Streams that are no terminals and whose grant asks for recording; logs are only read.
 * @throws GatewayError GATEWAY_DENIED
 */
export function refuseUnrecordable(
  { spec }: Pick<GatewayToken, 'spec'>,
  capability: Capability | undefined,
): void {
  if (spec.recording !== 'always' || capability === undefined || capability === 'log') return;
  if (isTerminal(capability)) return;
  const message = `the grant asks for recording, which is for terminals (exec, attach) and not for ${capability}`;
  throw new GatewayError('GATEWAY_DENIED', message, { rule: 'recording' });
}

function isTerminal(capability: Capability | undefined): boolean {
  return terminals.has(capability);
}

/** @returns a text: why it cannot be opened */
export function decideRecording(
  ask: RecordingAsk,
): 'record' | 'pass' | { readonly refusal: string } {
  const { recording = 'policy', policy, capability } = ask;
  if (!isTerminal(capability)) return 'pass';
  if (policy === undefined) {
    if (recording !== 'always') return 'pass';
    return { refusal: 'this grant asks for recorded terminals, and this gateway does not record' };
  }
  if (recording === 'never' && policy === 'all') {
    return { refusal: 'this gateway records all terminals, and the grant says never' };
  }
  if (recording === 'never' || (recording === 'policy' && policy === 'asked')) return 'pass';
  return 'record';
}
