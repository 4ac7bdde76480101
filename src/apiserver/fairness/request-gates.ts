/** The two gates of the API server: one for bulk work, one for the rest. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tooManyRequests } from '#kube/index.ts';
import type { ResourceRequest, User } from '#rbac/index.ts';
import type { ApiServerLimits } from '../limits.ts';
import { FairGate } from './fair-gate.ts';
import { flowOf, isBulk } from './flows.ts';

export class RequestGates {
  readonly #bulk: FairGate;
  readonly #single: FairGate;

  constructor(limits: ApiServerLimits) {
    const { requestsInFlightMax, bulkRequestsMax, requestsWaitingMax, requestWaitMsMax } = limits;
    const waiting = {
      waitingMax: requestsWaitingMax,
      waitingPerFlowMax: Math.max(1, Math.floor(requestsWaitingMax / 4)),
      waitMsMax: requestWaitMsMax,
    };
    this.#bulk = new FairGate({ placesMax: bulkRequestsMax, ...waiting });
    this.#single = new FairGate({ placesMax: requestsInFlightMax, ...waiting });
  }

  /** Does the work when it is its turn. @throws StatusError KUBE_STATUS_TOO_MANY_REQUESTS */
  async pass(
    user: User,
    info: ResourceRequest,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
    work: () => Promise<void>,
  ): Promise<void> {
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    response.once('close', onClose);
    const gate = isBulk(info) ? this.#bulk : this.#single;
    const leave = await gate.enter(flowOf(user, info, request), gone.signal);
    response.off('close', onClose);
    if (leave === undefined) {
      if (gone.signal.aborted) return;
      throw tooManyRequests(1);
    }
    try {
      await work();
    } finally {
      // After a turn of the event loop, so that others are heard between two pieces of bulk work.
      setImmediate(leave);
    }
  }
}
