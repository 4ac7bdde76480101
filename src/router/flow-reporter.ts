/**
 * Tells the network about this router in flow records: the router itself, its links and accesses,
 * and what the bridge adds. Records follow the entities: they are compared, not event-driven.
 */
import { decodeMessage, encodeMessage } from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import { messageOf } from '#base/errors.ts';
import { alphanumeric, type Random, randomText } from '#base/random.ts';
import { Treatment } from '#routing/index.ts';
import {
  decodeFlowMessage,
  encodeFlowMessage,
  type FlowAttributes,
  type FlowMessage,
  flowRecord,
  FlowRecordType,
  FlowSource,
  flowTime,
} from '#telemetry/index.ts';
import { AmqpListener } from './endpoint/amqp-listener.ts';
import { messageRoute } from './message.ts';
import type { Router } from './router.ts';
import type { Registration } from './stream.ts';

/** Counters in records are brought up to date at this pace. */
const refreshIntervalMs = 2000;

/** Something that has a record as long as it exists. */
export interface FlowSubject {
  /** Unique among all subjects, as `tcpListener/name`. */
  readonly key: string;
  readonly type: FlowRecordType;
  readonly attributes: FlowAttributes;
}

export interface FlowReporterDeps {
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Logger;
  /** Subjects beside the router's own. */
  readonly subjects: () => Iterable<FlowSubject>;
}

export interface FlowReporterOptions {
  readonly siteId: string | undefined;
  readonly namespace: string | undefined;
  readonly hostName: string | undefined;
}

/** Names of records: five characters of this run, then a number. */
export class FlowIdentities {
  readonly #prefix: string;
  readonly #byKey = new Map<string, string>();
  #next = 1;

  constructor(random: Random) {
    this.#prefix = randomText(random, 5, alphanumeric);
  }

  /** Identity of the source and of the router's record. */
  get source(): string {
    return `${this.#prefix}:0`;
  }

  of(key: string): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const identity = `${this.#prefix}:${this.#next++}`;
    this.#byKey.set(key, identity);
    return identity;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

export class FlowReporter {
  readonly #deps: FlowReporterDeps;
  readonly #options: FlowReporterOptions;
  readonly #identities: FlowIdentities;
  readonly #source: FlowSource;
  readonly #told = new Set<string>();
  readonly #registrations: Registration[] = [];
  #refresher: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #messageId = 0;
  #stopped = false;

  constructor(deps: FlowReporterDeps, identities: FlowIdentities, options: FlowReporterOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#identities = identities;
    this.#source = new FlowSource(
      { clock: deps.clock, sink: { send: (message) => this.#send(message) } },
      { id: identities.source, sourceType: 'ROUTER' },
    );
  }

  start(): void {
    const { router } = this.#deps;
    const { mode, version, id } = router.options;
    this.#source.set(
      flowRecord(FlowRecordType.router, this.#identities.source, {
        parent: this.#options.siteId,
        namespace: this.#options.namespace,
        hostName: this.#options.hostName,
        mode,
        buildVersion: version,
        name: `0/${id}`,
      }),
    );
    for (const address of this.#source.watched) {
      this.#registrations.push(
        router.addProducer(address, (reachable) => {
          this.#source.onConsumers(address, reachable);
          this.#schedule();
        }),
      );
    }
    this.#registrations.push(
      router.addresses.watchConsumers(this.#source.addresses.beacons, () => {
        this.#source.onBeaconConsumer();
        this.#schedule();
      }),
      router.addMessageConsumer(
        this.#source.addresses.command,
        {
          message: {
            onMessage: (message, onOutcome) => {
              onOutcome?.('accepted');
              this.#onCommand(message.bytes);
            },
          },
        },
        Treatment.closest,
      ),
    );
    router.onChange(() => this.refresh());
    this.#refresher = setInterval(() => this.refresh(), refreshIntervalMs);
    this.refresh();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#refresher);
    clearTimeout(this.#timer);
    for (const registration of this.#registrations) registration.remove();
  }

  /** Compares the records with what is there now. */
  refresh(): void {
    if (this.#stopped) return;
    const present = new Set<string>();
    for (const subject of [...this.#ownSubjects(), ...this.#deps.subjects()]) {
      present.add(subject.key);
      this.#told.add(subject.key);
      this.#source.set(
        flowRecord(subject.type, this.#identities.of(subject.key), {
          parent: this.#identities.source,
          ...subject.attributes,
        }),
      );
    }
    for (const key of this.#told) {
      if (present.has(key)) continue;
      this.#source.end(this.#identities.of(key));
      this.#identities.forget(key);
      this.#told.delete(key);
    }
    this.#schedule();
  }

  *#ownSubjects(): Iterable<FlowSubject> {
    const { router } = this.#deps;
    for (const { name, item } of router.listeners.shelf.items()) {
      if (!(item instanceof AmqpListener) || item.options.role === 'normal') continue;
      yield {
        key: accessKey(name),
        type: FlowRecordType.routerAccess,
        attributes: { name, role: item.options.role, linkCount: item.connectionCount },
      };
    }
    for (const { name, item } of router.connectors.shelf.items()) {
      yield {
        key: `connector/${name}`,
        type: FlowRecordType.link,
        attributes: {
          name,
          role: item.options.role,
          peer: item.up ? (item.peer?.accessId ?? '') : '',
          protocol: item.options.sslProfile === undefined ? 'amqp' : 'amqps',
          destPort: String(item.options.port),
          linkCost: item.options.cost,
          operStatus: item.up ? 'up' : 'down',
          downCount: item.downCount,
          lastUpTime: time(item.lastUpMs),
          lastDownTime: time(item.lastDownMs),
          lastFailureReason: item.connectionStatus === 'FAILED' ? item.connectionMsg : undefined,
          tlsOrdinal:
            item.options.sslProfile === undefined
              ? undefined
              : router.tls.ordinal(item.options.sslProfile),
          usesProxy: item.options.proxyProfile === undefined ? 'no' : 'yes',
        },
      };
    }
  }

  #onCommand(bytes: Uint8Array): void {
    try {
      const message = decodeFlowMessage(decodeMessage(bytes), this.#source.addresses.command);
      if (message !== undefined) this.#source.onMessage(message);
      this.#schedule();
    } catch (thrown) {
      this.#deps.log.debug('flow command cannot be read', { reason: messageOf(thrown) });
    }
  }

  #send(message: FlowMessage): void {
    const { router } = this.#deps;
    router.dispatch({
      route: messageRoute(message.to),
      bytes: encodeMessage(encodeFlowMessage(message, this.#messageId++)),
      priority: 4,
      control: false,
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const dueMs = this.#source.nextDeadlineMs();
    if (!Number.isFinite(dueMs)) return;
    const waitMs = Math.max(0, Math.ceil(dueMs - this.#deps.clock.monotonicMs()));
    this.#timer = setTimeout(() => {
      this.#source.tick();
      this.#schedule();
    }, waitMs);
  }
}

/** Key of the record of a listener for routers. */
export function accessKey(listener: string): string {
  return `listener/${listener}`;
}

function time(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : flowTime(ms);
}
