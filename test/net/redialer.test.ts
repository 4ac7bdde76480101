/** Redialing: pauses, growth, giving up a pause, stopping. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type Dialed, type DialStatus, redialer } from '#net/index.ts';
import { realRandom } from '../support/real-clock.ts';
import { until } from '../support/until.ts';

const never = new AbortController().signal;
const quick = { firstMs: 1, maxMs: 4, factor: 2, jitter: 0 };

class Line implements Dialed {
  readonly #over = Promise.withResolvers<void>();
  readonly closed = this.#over.promise;
  isClosed = false;
  close(): void {
    this.isClosed = true;
    this.#over.resolve();
  }
}

describe('redialer', () => {
  it('dials again after failures and after a loss', async () => {
    const attempts: number[] = [];
    const lines: Line[] = [];
    const statuses: DialStatus[] = [];
    const running = await redialer(
      {
        log: silentLogger,
        random: realRandom,
        dial: (_signal, attempt) => {
          attempts.push(attempt);
          if (attempts.length < 3) return Promise.reject(new TypeError('refused'));
          const line = new Line();
          lines.push(line);
          return Promise.resolve(line);
        },
        onStatus: (status) => statuses.push(status),
      },
      { afterLossMs: 1, backoff: quick },
    ).start(never);
    await until(() => running.status === 'up', 'up');
    assert.deepEqual(attempts, [0, 1, 2]);
    assert.deepEqual(statuses, ['waiting', 'connecting', 'waiting', 'connecting', 'up']);
    lines[0]?.close();
    await until(() => lines.length === 2, 'dialed again');
    assert.deepEqual(attempts, [0, 1, 2, 0]);
    await running.stop({ graceMs: 1000 });
    assert.ok(lines[1]?.isClosed);
    assert.equal(running.status, 'stopped');
  });

  it('does not sit out a pause when told to dial now', async () => {
    let dials = 0;
    const running = await redialer(
      {
        log: silentLogger,
        random: realRandom,
        dial: () => {
          dials++;
          return Promise.reject(new TypeError('refused'));
        },
      },
      { backoff: { firstMs: 3_600_000, maxMs: 3_600_000, factor: 1, jitter: 0 } },
    ).start(never);
    await until(() => running.status === 'waiting', 'waiting');
    running.dialNow();
    await until(() => dials === 2, 'dialed');
    await running.stop({ graceMs: 1000 });
    assert.equal(running.status, 'stopped');
  });

  it('closes a connection that comes up while stopping', async () => {
    const gate = Promise.withResolvers<void>();
    const line = new Line();
    const running = await redialer(
      {
        log: silentLogger,
        random: realRandom,
        dial: async () => {
          await gate.promise;
          return line;
        },
      },
      {},
    ).start(never);
    const stopped = running.stop({ graceMs: 5000 });
    gate.resolve();
    await stopped;
    assert.ok(line.isClosed);
  });
});
