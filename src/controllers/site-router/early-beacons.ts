/**
 * Flow sources send a beacon every ten seconds, so two sites that have just been linked would not
 * know of each other for that long. This sends the beacons of our site and of our router when
 * there is reason to believe that somebody new listens: a link was made or came up, or a beacon of
 * an unknown source was heard. A real skupper-router profits in the same way.
 *
 * @spec router-protocol 9.1, 9.2
 */
import type { Message } from '#amqp/index.ts';
import { type Random, randomFraction } from '#base/random.ts';
import type { ManagementClient } from '#management/index.ts';
import {
  beaconAddress,
  decodeFlowMessage,
  encodeFlowMessage,
  flowAddresses,
  type FlowSourceType,
  type NetworkView,
} from '#telemetry/index.ts';

export interface EarlyBeaconsDeps {
  readonly client: Pick<ManagementClient, 'send'>;
  readonly random: Random;
}

/** When to send after a link was made: until the routers at both ends know the way. Milliseconds. */
const afterLinkMs = [100, 200, 300, 450, 700, 1_000, 1_500, 2_500, 4_000] as const;
/** When to answer a source that was not known. Milliseconds. */
const afterNewcomerMs = [0, 150, 500] as const;
/** Every known source adds this to the spread of answers, so that a large network stays quiet. */
const spreadPerSourceMs = 2;
/** Sources remembered; the oldest is forgotten first. */
const sourcesMax = 4_096;

export class EarlyBeacons {
  readonly #deps: EarlyBeaconsDeps;
  readonly #siteId: string;
  readonly #known = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #routers: readonly string[] = [];
  #linksUp = '';
  #messageId = 1;

  constructor(deps: EarlyBeaconsDeps, siteId: string) {
    this.#deps = deps;
    this.#siteId = siteId;
    this.#known.add(siteId);
  }

  /** A link was made here; it will come up soon. */
  onLinkMade(): void {
    this.#plan(afterLinkMs, 0);
  }

  onView(view: NetworkView): void {
    const own = view.sites.find(({ id }) => id === this.#siteId);
    this.#routers = (own?.routers ?? []).map(({ identity }) => identity);
    for (const identity of this.#routers) this.#known.add(identity);
    const links = (own?.routers ?? []).flatMap((router) => router.links);
    const up = links.filter((link) => link.up).map(({ identity, peer }) => `${identity} ${peer}`);
    const linksUp = up.toSorted().join('\n');
    if (linksUp !== this.#linksUp && linksUp !== '') this.#plan(afterNewcomerMs, 0);
    this.#linksUp = linksUp;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Something came to the address of beacons. */
  onMessage(message: Message): void {
    const flow = decodeFlowMessage(message, beaconAddress);
    if (flow?.subject !== 'BEACON' || this.#known.has(flow.id)) return;
    this.#known.add(flow.id);
    if (this.#known.size > sourcesMax) {
      for (const oldest of this.#known) {
        this.#known.delete(oldest);
        break;
      }
    }
    const spreadMs = this.#known.size * spreadPerSourceMs;
    this.#plan(afterNewcomerMs, spreadMs * randomFraction(this.#deps.random));
  }

  /** A new plan replaces what is left of the one before, unless that reaches further. */
  #plan(delaysMs: readonly number[], offsetMs: number): void {
    if (this.#timers.size > delaysMs.length * 2) return;
    for (const delayMs of delaysMs) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#send();
      }, delayMs + offsetMs);
      this.#timers.add(timer);
    }
  }

  #send(): void {
    this.#sendOne(this.#siteId, 'CONTROLLER');
    for (const identity of this.#routers) this.#sendOne(identity, 'ROUTER');
  }

  #sendOne(id: string, sourceType: FlowSourceType): void {
    const { beacons, records, command } = flowAddresses(id, sourceType);
    const beacon = {
      subject: 'BEACON',
      to: beacons,
      sourceType,
      id,
      address: records,
      direct: command,
    } as const;
    this.#deps.client.send(encodeFlowMessage(beacon, this.#messageId++));
  }
}
