/**
 * Keeps Events few, without timers: an object has a budget of them that refills slowly, and when
 * one reason comes with ever new messages, these are told as one Event that is counted.
 */

/** What may be told now. */
export interface TellableEvent {
  /** Same text: same Event, counted. */
  readonly id: string;
  readonly message: string;
}

interface Talker {
  /** Events it may still tell, as of `atMs`. */
  budget: number;
  atMs: number;
  /** Different messages by type and reason, since when. */
  readonly topics: Map<string, { sinceMs: number; readonly messages: Set<string> }>;
}

/** Events that one object may have at once. */
const burstMax = 25;
/** Time in which one more is allowed. */
const refillMs = 300_000;
/** Different messages of one reason within the window; further ones are told as one Event. */
const messagesMax = 10;
const windowMs = 600_000;
/** Objects remembered; the one that was silent longest is forgotten first. */
const objectsMax = 1_024;

export class EventLimits {
  readonly #talkers = new Map<string, Talker>();

  /** @returns undefined when the object has told enough */
  admit(uid: string, topic: string, message: string, nowMs: number): TellableEvent | undefined {
    const talker = this.#talkerOf(uid, nowMs);
    talker.budget = Math.min(burstMax, talker.budget + (nowMs - talker.atMs) / refillMs);
    talker.atMs = nowMs;
    if (talker.budget < 1) return undefined;
    talker.budget--;
    const known = talker.topics.get(topic);
    if (known === undefined || nowMs - known.sinceMs > windowMs) {
      talker.topics.set(topic, { sinceMs: nowMs, messages: new Set([message]) });
      return { id: [uid, topic, message].join('\n'), message };
    }
    if (known.messages.size < messagesMax || known.messages.has(message)) {
      known.messages.add(message);
      return { id: [uid, topic, message].join('\n'), message };
    }
    return {
      id: [uid, topic].join('\n'),
      message: `(combined from similar events): ${message}`,
    };
  }

  #talkerOf(uid: string, nowMs: number): Talker {
    const known = this.#talkers.get(uid);
    const talker = known ?? { budget: burstMax, atMs: nowMs, topics: new Map() };
    // Taken out and put back, the map is in the order of last use.
    this.#talkers.delete(uid);
    this.#talkers.set(uid, talker);
    if (this.#talkers.size > objectsMax) {
      const [oldest = ''] = this.#talkers.keys();
      this.#talkers.delete(oldest);
    }
    return talker;
  }
}
