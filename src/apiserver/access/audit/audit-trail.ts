/** Follows one request to its end and writes it down; streams also when they begin. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#base/clock.ts';
import type { Decision, RequestInfo, User } from '#rbac/index.ts';
import { type AuditFacts, auditEvent, type AuditLevel, type AuditStage } from './audit-event.ts';

export interface AuditDeps {
  readonly clock: Clock;
  write(event: object): void;
}

/** Questions of whoever watches over the process; they would drown the rest. */
const quiet: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

type Open = { -readonly [K in keyof AuditFacts]: AuditFacts[K] };

/** One request. Whoever learns something of it says so. */
export class AuditTrail {
  readonly #deps: AuditDeps;
  readonly #level: AuditLevel;
  readonly #facts: Open;

  constructor(
    deps: AuditDeps,
    level: AuditLevel,
    exchange: {
      readonly auditId: string;
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
    },
  ) {
    this.#deps = deps;
    this.#level = level;
    const { auditId, request, response } = exchange;
    this.#facts = {
      auditId,
      request,
      receivedMs: deps.clock.nowMs(),
      info: undefined,
      caller: undefined,
      user: undefined,
      decision: undefined,
      body: undefined,
    };
    response.once('close', () => this.#write('ResponseComplete', response));
  }

  onUsers(caller: User, user: User): void {
    this.#facts.caller = caller;
    this.#facts.user = user;
  }

  onInfo(info: RequestInfo): void {
    this.#facts.info = info;
  }

  onDecision(decision: Decision): void {
    this.#facts.decision = decision;
  }

  /** The decoded body of a write; not to be changed afterwards. */
  onBody(body: unknown): void {
    this.#facts.body = this.#level === 'Request' ? structuredClone(body) : nameOnly(body);
  }

  onStream(response: ServerResponse): void {
    this.#write('ResponseStarted', response);
  }

  #write(stage: AuditStage, response: ServerResponse): void {
    const { info } = this.#facts;
    if (info?.type === 'path' && quiet.has(info.path)) return;
    const end = { stage, code: response.statusCode, nowMs: this.#deps.clock.nowMs() };
    this.#deps.write(auditEvent(this.#facts, end, this.#level));
  }
}

/** Enough of a body to tell the name of what is created. */
function nameOnly(body: unknown): unknown {
  const { metadata } = (body ?? {}) as { metadata?: { name?: unknown } };
  return typeof metadata?.name === 'string' ? { metadata: { name: metadata.name } } : undefined;
}
