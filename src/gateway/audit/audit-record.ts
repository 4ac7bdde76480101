/** What is recorded of a request, a stream or a redemption. Never a secret. */
import type { RecordingMark } from '../recording/recording-file.ts';
import type { RequestInfo } from '../request/request-info.ts';

export interface AuditRecord {
  /** `request`: answered; `open`, `close`: a stream; `redeem`, `leave`, `issue`, `approve`, `deny`: a grant; `gap`: records lost. */
  readonly kind:
    | 'request'
    | 'open'
    | 'close'
    | 'redeem'
    | 'leave'
    | 'issue'
    | 'approve'
    | 'deny'
    | 'gap';
  readonly auditId: string;
  /** `namespace/name` of the grant. */
  readonly grant?: string;
  readonly session?: string;
  /** Who approved the grant. */
  readonly approvers?: readonly string[];
  /** The user that the API server saw, or who decided; absent: the gateway's own account. */
  readonly user?: string;
  readonly issuedBy?: string;
  /** Address of the client. */
  readonly client: string;
  readonly cluster?: string | undefined;
  readonly method: string;
  /** Path and query, without secrets. */
  readonly target: string;
  readonly info?: Pick<
    RequestInfo,
    'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name'
  >;
  readonly decision: 'allow' | 'deny' | 'refuse';
  /** The rule that decided, or the code of the refusal. */
  readonly rule: string;
  readonly reason?: string | undefined;
  readonly status: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly durationMs?: number;
  /** Where the terminal is recorded, with the SHA-256 of the file. */
  readonly recording?: RecordingMark | undefined;
  /** Records lost before this one. */
  readonly lost?: number;
}
