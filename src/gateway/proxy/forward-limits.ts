/** What the proxy needs and how much it lets through, for ordinary requests and for streams. */
import type { Recordings } from '../recording/recordings.ts';
import type { StreamRegistry } from '../stream/stream-registry.ts';
import type { Admitted } from './exchange.ts';
import type { Identity } from './identity.ts';

export interface ForwardDeps {
  readonly streams: StreamRegistry;
  readonly identity: Identity;
  /** Absent: terminals are not recorded. */
  readonly recordings?: Recordings;
  /** Counts a stream before its first byte. @throws GatewayError */
  readonly countStream: (admitted: Admitted) => Promise<void>;
  /** Told of the bytes of long answers and streams as they pass, to free their buffers in time. */
  readonly onRead?: (bytes: number) => void;
}

export interface ForwardLimits {
  /** Largest request body; bytes. */
  readonly bodyBytesMax: number;
  /** A stream without any byte is ended after this long; 0: never. Milliseconds. */
  readonly streamIdleMsMax: number;
}

export const defaultForwardLimits: ForwardLimits = {
  // What an API server takes itself.
  bodyBytesMax: 3 * 1024 * 1024,
  streamIdleMsMax: 0,
};
