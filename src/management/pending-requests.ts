/** Requests under way: waiting for credit, or for their answer. Bounded in number and time. */
import type { Message, MessageInit } from '#amqp/index.ts';
import { ulong } from '#amqp/index.ts';
import { errorOfStatus, ManagementError } from './errors.ts';
import { decodeResponse, type ManagementResponse } from './request.ts';
import type { RouterSession } from './router-session.ts';

interface Pending {
  readonly message: MessageInit;
  readonly resolve: (response: ManagementResponse) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export class PendingRequests {
  readonly #requestsMax: number;
  readonly #sent = new Map<number, Pending>();
  /** In order of asking. */
  readonly #waiting = new Map<number, Pending>();
  #nextId = 1;

  constructor(options: { readonly requestsMax: number }) {
    this.#requestsMax = options.requestsMax;
  }

  /** @throws ManagementError as ManagementClient tells */
  ask(
    session: RouterSession,
    message: MessageInit,
    timeoutMs: number,
  ): Promise<ManagementResponse> {
    if (this.#sent.size + this.#waiting.size >= this.#requestsMax) {
      const what = `${this.#requestsMax} requests wait for answers`;
      throw new ManagementError('MANAGEMENT_BUSY', what, { retry: 'backoff' });
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<ManagementResponse>();
    const timer = setTimeout(() => {
      const what = `no answer of the router within ${timeoutMs} ms`;
      this.#fail(id, new ManagementError('MANAGEMENT_TIMEOUT', what, { retry: 'backoff' }));
    }, timeoutMs);
    const properties = {
      ...message.properties,
      replyTo: session.replyTo,
      correlationId: ulong(id),
    };
    this.#waiting.set(id, { message: { ...message, properties }, resolve, reject, timer });
    this.flush(session);
    return promise;
  }

  /** Sends what waits for credit, as far as it goes. */
  flush(session: RouterSession): void {
    for (const [id, pending] of this.#waiting) {
      const sent = session.request(pending.message, () => {
        const what = 'the router cannot be reached';
        this.#fail(id, new ManagementError('MANAGEMENT_DISCONNECTED', what, { retry: 'backoff' }));
      });
      if (!sent) return;
      this.#waiting.delete(id);
      this.#sent.set(id, pending);
    }
  }

  onReply(message: Message): void {
    const id = Number(message.properties?.correlationId);
    const pending = this.#sent.get(id);
    if (pending === undefined) return;
    this.#sent.delete(id);
    clearTimeout(pending.timer);
    try {
      const response = decodeResponse(message);
      const { statusCode, statusDescription } = response;
      if (statusCode >= 200 && statusCode < 300) pending.resolve(response);
      else pending.reject(errorOfStatus(statusCode, statusDescription, { facts: { statusCode } }));
    } catch (error) {
      pending.reject(error);
    }
  }

  /** No answers will come. */
  failAll(error: ManagementError): void {
    for (const id of [...this.#sent.keys(), ...this.#waiting.keys()]) this.#fail(id, error);
  }

  #fail(id: number, error: ManagementError): void {
    const pending = this.#sent.get(id) ?? this.#waiting.get(id);
    if (pending === undefined) return;
    this.#sent.delete(id);
    this.#waiting.delete(id);
    clearTimeout(pending.timer);
    pending.reject(error);
  }
}
