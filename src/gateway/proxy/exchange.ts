/** One admitted request on its way through: what was decided, and what becomes of it. */
import type { RecordingMark } from '../recording/recording-file.ts';
import type { Decision } from '../rules/decide.ts';
import type { Access } from '../session/gatekeeper.ts';
import type { HeaderLines } from '../request/inbound-headers.ts';
import type { Target } from '../request/target.ts';
import type { StreamOwner } from '../stream/stream-registry.ts';
import type { Upstream } from './upstream.ts';

export interface Admitted {
  readonly method: string;
  readonly lines: HeaderLines;
  /** Below the mount: what is forwarded. */
  readonly target: Target;
  /** Where the API is mounted, such as `/k8s`. */
  readonly mount: string;
  readonly upstream: Upstream;
  readonly access: Access;
  readonly decision: Decision;
  readonly auditId: string;
  /** Address of the client. */
  readonly client: string;
  /** The client is a browser with a session cookie. */
  readonly browser: boolean;
  /** When the checks began; monotonic milliseconds. */
  readonly sinceMs: number;
}

/** Whose stream an admitted request opens. */
export function ownerOf({ access, sinceMs }: Admitted): StreamOwner {
  return { grant: access.grant.metadata.uid ?? '', session: access.sessionId, sinceMs };
}

/** What became of it, for the audit record. */
export interface Outcome {
  /** HTTP status that the client got; 0 when it left before. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Why a stream ended, when we ended it. */
  readonly ended?: string | undefined;
  readonly recording?: RecordingMark;
}
