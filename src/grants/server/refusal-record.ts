/**
 * Wrong codes, recorded on the grant that they were tried on: how many, the last one's address and
 * time, and an Event. The level of the attempt limit is kept there too, so that all replicas of the
 * grant server slow a guesser down together, and a restart forgets nothing.
 */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { type EventRecorder, updateStatus, type WritingClient } from '#kubeclient/index.ts';
import { type AccessGrant, accessGrant } from '../kinds.ts';

export interface RefusalRecorderDeps {
  readonly client: WritingClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events?: Pick<EventRecorder, 'record'>;
}

export interface SharedLimit {
  /** Wrong codes in a row. */
  readonly burst: number;
  /** One is forgiven each this many milliseconds. */
  readonly leakMs: number;
}

export class RefusalRecorder {
  readonly #deps: RefusalRecorderDeps;
  readonly #limit: SharedLimit;

  constructor(deps: RefusalRecorderDeps, limit: SharedLimit) {
    this.#deps = deps;
    this.#limit = limit;
  }

  /** Milliseconds until the grant takes another code, as its status tells for all replicas. */
  waitMs(grant: AccessGrant, nowMs: number): number {
    const level = this.#levelOf(grant, nowMs);
    const { burst, leakMs } = this.#limit;
    return level + 1 <= burst ? 0 : Math.ceil((level + 1 - burst) * leakMs);
  }

  /** Records one wrong code. Never throws: who cannot be recorded is refused all the same. */
  async record(grant: AccessGrant, place: string): Promise<void> {
    const { client, clock, events, log } = this.#deps;
    const resource = `${grant.metadata.namespace}/${grant.metadata.name}`;
    try {
      const nowMs = clock.nowMs();
      const written = await updateStatus(client, accessGrant, grant, (copy) => ({
        ...copy,
        status: {
          ...copy.status,
          refusals: {
            count: (copy.status?.refusals?.count ?? 0) + 1,
            // Thousandths, because the schema knows whole numbers only.
            level: Math.round((this.#levelOf(copy, nowMs) + 1) * 1000),
            client: place.slice(0, 100),
            // With its milliseconds: the level leaks from here.
            time: new Date(nowMs).toISOString(),
            reason: 'wrong code',
          },
        },
      }));
      log.warn('a wrong code was refused', { resource, place });
      const waitMs = written === undefined ? 0 : this.waitMs(written.object, nowMs);
      const slowed = waitMs > 0 ? '; no code is taken for a while' : '';
      events?.record(grant, {
        type: 'Warning',
        reason: 'RedemptionRefused',
        message: `A wrong code came from ${place}${slowed}`,
      });
    } catch (thrown) {
      log.warn('a wrong code could not be recorded', { resource, error: messageOf(thrown) });
    }
  }

  #levelOf(grant: AccessGrant, nowMs: number): number {
    const { level = 0, time = '' } = grant.status?.refusals ?? {};
    const sinceMs = nowMs - Date.parse(time);
    if (Number.isNaN(sinceMs)) return 0;
    return Math.max(0, level / 1000 - Math.max(0, sinceMs) / this.#limit.leakMs);
  }
}
