/**
 * Grants and sessions that were ended lately. A stream is let in first and open only when the API
 * server has answered; an end that comes in between finds nothing to end yet.
 */

/** Longer than any opening takes; milliseconds. */
const keptMs = 10 * 60_000;
/** The oldest is forgotten first. */
const keptMax = 16_384;

export class RecentEnds {
  /** When each ended, oldest first. */
  readonly #atMs = new Map<string, number>();

  /** @param session absent: the whole grant */
  note(grant: string, session: string | undefined, nowMs: number): void {
    const id = idOf(grant, session);
    this.#atMs.delete(id);
    this.#atMs.set(id, nowMs);
    for (const [oldest, atMs] of this.#atMs) {
      if (this.#atMs.size <= keptMax && nowMs - atMs < keptMs) break;
      this.#atMs.delete(oldest);
    }
  }

  /** Whether the grant or the session was ended then or later; a session can be opened anew. */
  hasSince(grant: string, session: string, sinceMs: number): boolean {
    return [idOf(grant), idOf(grant, session)].some((id) => (this.#atMs.get(id) ?? -1) >= sinceMs);
  }
}

function idOf(grant: string, session = ''): string {
  return `${grant} ${session}`;
}
