/** Every bound of the API server, with unit and default. */

export interface ApiServerLimits {
  /** Request body. */
  readonly bodyBytesMax: number;
  /** One object as stored. */
  readonly objectBytesMax: number;
  /** Requests answered at once, watches aside. */
  readonly requestsInFlightMax: number;
  /** Open watches. */
  readonly watchesMax: number;
  /** Bytes that may wait for one slow reader of a watch before it falls back to the change log. */
  readonly watchBacklogBytesMax: number;
  /** A reader that takes nothing of its backlog for so long is cut. */
  readonly watchStallMs: number;
  /** A watch without `timeoutSeconds` ends between this and twice this. */
  readonly watchTimeoutMs: number;
  /** Pause between bookmarks. */
  readonly bookmarkIntervalMs: number;
  /** Tries of a patch or unconditional write whose object keeps changing. */
  readonly writeAttemptsMax: number;
  /** Objects that one page may hold, whatever the client asks. */
  readonly pageObjectsMax: number;
  /** Events are deleted this long after their last change. */
  readonly eventTtlMs: number;
}

export const defaultApiServerLimits: ApiServerLimits = {
  bodyBytesMax: 3 * 1024 * 1024,
  objectBytesMax: 1_572_864,
  requestsInFlightMax: 400,
  watchesMax: 2000,
  watchBacklogBytesMax: 1024 * 1024,
  watchStallMs: 30_000,
  watchTimeoutMs: 30 * 60 * 1000,
  bookmarkIntervalMs: 60_000,
  writeAttemptsMax: 10,
  pageObjectsMax: 100_000,
  eventTtlMs: 3_600_000,
};
