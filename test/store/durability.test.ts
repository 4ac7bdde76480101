/**
 * Processes that write are killed at any moment; what they acknowledged must be there. STORE_KILLS
 * says how many times (default 5), STORE_KILLS_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { openStore } from '#store/index.ts';
import { SeededRandom } from '../sim/seeded-random.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';

const program = fileURLToPath(new URL('../support/store-writer.process.ts', import.meta.url));

interface Acknowledged {
  readonly writer: number;
  readonly count: number;
  readonly revision: number;
}

/** Runs writers, kills them some time after their first answer, and tells what they said. */
async function killedWriter(directory: string, delayMs: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [program, directory, '8', 'sealed'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const exited = once(child, 'exit');
  const closed = once(child.stdout, 'close');
  await until(() => text.includes('\n'), 'the writers to write', 30_000);
  await new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
  child.kill('SIGKILL');
  await Promise.all([exited, closed]);
  // The last line may be cut in the middle.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Acknowledged);
}

const kills = Number(process.env['STORE_KILLS'] ?? 5);
const seed = Number(process.env['STORE_KILLS_SEED'] ?? Date.now() % 1_000_000);

test('a writer killed at any moment loses nothing it acknowledged', {
  timeout: 60_000 + kills * 15_000,
}, async (t) => {
  t.diagnostic(`${kills} kills, STORE_KILLS_SEED=${seed}`);
  const random = new SeededRandom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-durable-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  let highest = 0;
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await killedWriter(directory, 300 * random.fraction() ** 2);
    const store = await openStore<{ writer: number; count: number }>(
      { clock: systemClock, logger: silentLogger, stamp: (value) => value },
      { directory, sealed: ['things'] },
    );
    const last = new Map(acknowledged.map((each) => [each.writer, each]));
    for (const { writer, count, revision } of last.values()) {
      const stored = store.get('things', { namespace: 'ns', name: `writer-${writer}` });
      // One more write may have reached the disk without its answer.
      assert.ok(stored, `writer ${writer}`);
      assert.ok(stored.value.count >= count, `writer ${writer}: ${stored.value.count} < ${count}`);
      assert.ok(stored.revision >= revision);
    }
    const revisions = store.changesAfter('things', highest, 1_000_000).map((each) => each.revision);
    const seen = new Set(revisions);
    for (const { revision } of acknowledged) assert.ok(seen.has(revision), `revision ${revision}`);
    const gapless = revisions.every((revision, index) => revision === highest + 1 + index);
    assert.ok(gapless, 'revisions have no gaps and none is used twice');
    assert.ok(store.revision >= highest + acknowledged.length);
    highest = store.revision;
    await store.stop({ graceMs: 0 });
  }
});
