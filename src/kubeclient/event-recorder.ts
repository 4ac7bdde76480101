/**
 * Tells people what happened to an object, as core/v1 Events. Best effort: recording never fails
 * or waits, repeats of the same thing raise a count, many similar ones become one,
 * and a flood is dropped.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { Ring } from '#base/ring.ts';
import { formatTime, type KubeObject } from '#kube/index.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { EventLimits } from './event-limits.ts';

export interface EventRecorderDeps {
  readonly client: Pick<KubeClient, 'raw'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines. */
  readonly reason: string;
  /** For people; cut at 1024 characters. */
  readonly message: string;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  readonly firstTimestamp: string;
  count: number;
}

interface Pending {
  readonly object: KubeObject;
  readonly event: RecordedEvent;
}

/** Events waiting to be sent; more are dropped. */
const pendingMax = 256;
/** Series remembered for counting; the oldest is forgotten first. */
const seriesMax = 1024;
const messageCharsMax = 1024;

export class EventRecorder implements Running {
  readonly #deps: EventRecorderDeps;
  readonly #component: string;
  readonly #pending = new Ring<Pending>(pendingMax);
  readonly #series = new Map<string, Series>();
  readonly #limits = new EventLimits();
  #sending: Promise<void> | undefined;
  #stopped = false;

  /** @param component name of the source, such as `drawbridge-controller` */
  constructor(deps: EventRecorderDeps, component: string) {
    this.#deps = deps;
    this.#component = component;
  }

  record(object: KubeObject, event: RecordedEvent): void {
    if (this.#stopped || !this.#pending.push({ object, event })) return;
    this.#sending ??= this.#drain();
  }

  /** Sends what is waiting, for at most `graceMs`. */
  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    if (this.#sending === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, options.graceMs);
    await Promise.race([this.#sending, late]);
    clearTimeout(timer);
    this.#pending.clear();
  }

  async #drain(): Promise<void> {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      try {
        await this.#send(next);
      } catch (thrown) {
        this.#deps.log.debug('an event was not recorded', { error: messageOf(thrown) });
      }
    }
    this.#sending = undefined;
  }

  async #send({ object, event }: Pending): Promise<void> {
    const { uid = '', namespace = 'default', name } = object.metadata;
    const nowMs = this.#deps.clock.nowMs();
    const topic = [event.type, event.reason].join('\n');
    const tellable = this.#limits.admit(uid, topic, event.message, nowMs);
    if (tellable === undefined) return;
    const { id } = tellable;
    const message = tellable.message.slice(0, messageCharsMax);
    const now = formatTime(nowMs);
    const known = this.#series.get(id);
    if (known !== undefined) {
      if (await this.#raise(known, now, message)) return;
      this.#series.delete(id);
    }
    const digest = createHash('sha256').update(id).update(now).digest('hex').slice(0, 16);
    const series = { name: `${name}.${digest}`, namespace, firstTimestamp: now, count: 1 };
    await this.#deps.client.raw({
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: series.name, namespace },
        involvedObject: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name,
          namespace,
          uid,
          resourceVersion: object.metadata.resourceVersion ?? '',
        },
        type: event.type,
        reason: event.reason,
        message,
        source: { component: this.#component },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      },
    });
    this.#remember(id, series);
  }

  /** @returns false when the Event is gone (they expire) */
  async #raise(series: Series, now: string, message: string): Promise<boolean> {
    series.count++;
    const namespace = encodeURIComponent(series.namespace);
    try {
      await this.#deps.client.raw({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/events/${encodeURIComponent(series.name)}`,
        contentType: 'application/merge-patch+json',
        body: { count: series.count, lastTimestamp: now, message },
      });
      return true;
    } catch (thrown) {
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return false;
      throw thrown;
    }
  }

  #remember(id: string, series: Series): void {
    this.#series.set(id, series);
    if (this.#series.size <= seriesMax) return;
    for (const oldest of this.#series.keys()) {
      this.#series.delete(oldest);
      break;
    }
  }
}
