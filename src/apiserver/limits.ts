/** Every bound of the API server, with unit and default. */

export interface ApiServerLimits {
  /** Request body. */
  readonly bodyBytesMax: number;
  /** One object as stored. */
  readonly objectBytesMax: number;
  /** Open connections from one address. */
  readonly connectionsPerAddressMax: number;
  /** Requests answered at once, watches and bulk work aside; one flow gets at most half. */
  readonly requestsInFlightMax: number;
  /** Lists and deletes of collections worked on at once; one flow gets at most half. */
  readonly bulkRequestsMax: number;
  /** Requests that may wait for their turn, a quarter of them of one flow; more get 429. */
  readonly requestsWaitingMax: number;
  /** Longest wait for a turn; then the answer is 429. */
  readonly requestWaitMsMax: number;
  /** Open watches. */
  readonly watchesMax: number;
  /** Open watches of one user. */
  readonly watchesPerUserMax: number;
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
  connectionsPerAddressMax: 2048,
  requestsInFlightMax: 400,
  bulkRequestsMax: 4,
  requestsWaitingMax: 2000,
  requestWaitMsMax: 15_000,
  watchesMax: 2000,
  watchesPerUserMax: 1000,
  watchBacklogBytesMax: 1024 * 1024,
  watchStallMs: 30_000,
  watchTimeoutMs: 30 * 60 * 1000,
  bookmarkIntervalMs: 60_000,
  writeAttemptsMax: 10,
  pageObjectsMax: 100_000,
  eventTtlMs: 3_600_000,
};
