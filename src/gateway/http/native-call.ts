/** One request to the gateway's own API, and whom it tells of what it did. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayToken } from '#apis/index.ts';
import type { Decided } from '../oversight/approvals.ts';
import type { HeaderLines } from '../request/inbound-headers.ts';
import type { Access } from '../session/gatekeeper.ts';

/** One request to the native API. */
export interface NativeCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly lines: HeaderLines;
  /** Below /gateway. */
  readonly path: readonly string[];
  readonly client: string;
  readonly auditId: string;
  /** Told of what deserves a record. */
  readonly onSession: (kind: 'redeem' | 'leave', access: Access) => void;
  readonly onIssued: (grant: GatewayToken) => void;
  readonly onDecided: (decided: Decided, decision: 'approved' | 'denied', reason?: string) => void;
}
