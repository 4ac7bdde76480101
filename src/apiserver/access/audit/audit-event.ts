/**
 * One line of the audit log, in the form that Kubernetes gives it. It tells who did what to which
 * object; of contents only what the level asks for, and never those of kinds that carry secrets.
 * @spec Kubernetes audit.k8s.io/v1 Event
 */
import type { IncomingMessage } from 'node:http';
import { formatMicroTime, isRecord } from '#kube/index.ts';
import type { RequestInfo, User } from '#rbac/index.ts';

/** `Metadata`: no contents. `Request`: what is written, save for kinds with secrets. */
export type AuditLevel = 'Metadata' | 'Request';

/** What is known of a request when it is over, or when its answer begins to stream. */
export interface AuditFacts {
  readonly auditId: string;
  readonly request: IncomingMessage;
  readonly receivedMs: number;
  /** Absent when the target could not be read. */
  readonly info: RequestInfo | undefined;
  /** Who came; absent when nobody could be made out. */
  readonly caller: User | undefined;
  /** As whom he acts. */
  readonly user: User | undefined;
  /** Why it was allowed or forbidden; absent when that was not asked. */
  readonly decision: { readonly allowed: boolean; readonly reason: string } | undefined;
  /** The decoded body of a write. */
  readonly body: unknown;
}

export type AuditStage = 'ResponseStarted' | 'ResponseComplete';

const uriCharsMax = 2048;
const agentCharsMax = 256;

/** Kinds whose contents are never written down. */
const secretKinds: ReadonlySet<string> = new Set([
  '/secrets',
  '/configmaps',
  'skupper.io/accessgrants',
  'skupper.io/accesstokens',
]);

/** The line as a value. */
export function auditEvent(
  facts: AuditFacts,
  end: { readonly stage: AuditStage; readonly code: number; readonly nowMs: number },
  level: AuditLevel,
): object {
  const { info, caller, user, decision, request } = facts;
  const shown = level === 'Request' ? shownBody(facts) : undefined;
  const { method = '', url = '', headers, socket } = request;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: shown === undefined ? 'Metadata' : 'Request',
    auditID: facts.auditId,
    stage: end.stage,
    requestURI: url.slice(0, uriCharsMax),
    verb: info?.verb ?? method.toLowerCase(),
    user: caller ? userOf(caller) : {},
    ...(user && user !== caller ? { impersonatedUser: userOf(user) } : {}),
    sourceIPs: socket.remoteAddress === undefined ? [] : [socket.remoteAddress],
    ...(headers['user-agent'] ? { userAgent: headers['user-agent'].slice(0, agentCharsMax) } : {}),
    ...(info?.type === 'resource' ? { objectRef: objectRef(info, facts.body) } : {}),
    responseStatus: { metadata: {}, code: end.code },
    ...(shown === undefined ? {} : { requestObject: shown }),
    requestReceivedTimestamp: formatMicroTime(facts.receivedMs),
    stageTimestamp: formatMicroTime(end.nowMs),
    ...(decision === undefined
      ? {}
      : {
          annotations: {
            'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
            'authorization.k8s.io/reason': decision.reason,
          },
        }),
  };
}

function userOf({ name, uid, groups, extra }: User): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}

function objectRef(info: RequestInfo & { readonly type: 'resource' }, body: unknown): object {
  const { resource, namespace, group, version, subresource } = info;
  const name = info.name || nameIn(body);
  return {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(subresource === '' ? {} : { subresource }),
  };
}

/** A new object has its name in the body alone. */
function nameIn(body: unknown): string {
  const metadata = isRecord(body) ? body['metadata'] : undefined;
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

function shownBody({ info, body }: AuditFacts): unknown {
  if (info?.type !== 'resource' || body === undefined) return undefined;
  return secretKinds.has(`${info.group}/${info.resource}`) ? undefined : body;
}
