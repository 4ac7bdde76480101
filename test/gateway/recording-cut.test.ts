/** Recordings whose gateway was killed: nothing that was shown is lost, and their hash is recorded. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '#base/log.ts';
import { listRecordings, openRecording, parseAsciicastEvent } from '#gateway/index.ts';
import { type CutRecording, Recordings } from '#gateway/recording/recordings.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';

const program = fileURLToPath(new URL('../support/recorder-process.ts', import.meta.url));

function placeFor(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-cut-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { directory: folder, keyPath: join(folder, 'recordings.key') };
}

/** A process that records, and what it has shown. */
async function recorder(t: TestContext, directory: string) {
  const child = spawn(process.execPath, [...process.execArgv, program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const running = { child, bytes: Buffer.alloc(0) };
  child.stdout.on('data', (chunk: Buffer) => {
    running.bytes = Buffer.concat([running.bytes, chunk]);
  });
  await until(() => running.bytes.length > 5000, 'some output');
  return running;
}

async function kill(child: ReturnType<typeof spawn>): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

/** The text of the frames that came whole. */
function textOf(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 2 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    if (end <= bytes.length) text += bytes.toString('utf8', at + 3, end);
  }
  return text;
}

type Place = ReturnType<typeof placeFor>;

/** Opens the folder as the next gateway does. */
async function next(t: TestContext, place: Place, written = true) {
  const cuts: CutRecording[] = [];
  const onCut = async (cut: CutRecording): Promise<boolean> => {
    cuts.push(cut);
    return written;
  };
  const deps = { clock: systemClock, log: silentLogger, onCut };
  const recordings = await Recordings.open(deps, { ...place, policy: 'all' });
  const close = async (): Promise<void> => {
    await recordings.stop();
    await recordings.close();
  };
  t.after(close);
  return { cuts, close };
}

const files = ({ directory }: Place) =>
  readdirSync(directory).filter((file) => file.endsWith('.recording'));

test('a recording whose gateway is killed is ended by the next, with all that was shown', async (t) => {
  const place = placeFor(t);
  const { child, ...shown } = await recorder(t, place.directory);
  await kill(child);
  assert.equal((await listRecordings(place)).recordings[0]?.state, 'unfinished');
  const { cuts, close } = await next(t, place);
  await close();
  assert.equal(cuts.length, 1);
  const [{ mark, about, wasWhole }] = cuts as [CutRecording];
  assert.deepEqual([about.grant, about.auditId, wasWhole], ['default/g', 'audit-1', false]);
  let cast = '';
  const facts = await openRecording(place, mark.name, (text) => {
    cast += text;
  });
  const file = readFileSync(join(place.directory, `${mark.name}.recording`));
  assert.equal(mark.sha256, createHash('sha256').update(file).digest('hex'));
  assert.deepEqual([facts.state, facts.sha256, facts.bytes], ['cut', mark.sha256, mark.bytes]);
  const events = cast.trimEnd().split('\n').slice(1).map(parseAsciicastEvent);
  const recorded = events.map((event) => event?.data ?? '').join('');
  assert.ok(shown.bytes.length > 5000);
  assert.ok(recorded.startsWith(textOf(shown.bytes)), 'something was shown that is not recorded');
  assert.deepEqual(readdirSync(join(place.directory, 'writers')), []);
  const again = await next(t, place);
  await again.close();
  assert.deepEqual(again.cuts, []);
});

test('a recording of a gateway that lives is left alone', async (t) => {
  const place = placeFor(t);
  const { child } = await recorder(t, place.directory);
  const { cuts, close } = await next(t, place);
  await close();
  assert.deepEqual(cuts, []);
  assert.equal((await listRecordings(place)).recordings[0]?.state, 'unfinished');
  await kill(child);
  const later = await next(t, place);
  await later.close();
  assert.equal(later.cuts.length, 1);
});

test('until its hash is in the audit log the next gateway tells it again', async (t) => {
  const place = placeFor(t);
  const { child } = await recorder(t, place.directory);
  await kill(child);
  // The piece that was being written.
  appendFileSync(
    join(place.directory, files(place)[0] ?? ''),
    Buffer.from([0x64, 0, 0, 1, 0, 1, 2]),
  );
  const failed = await next(t, place, false);
  await failed.close();
  const { cuts, close } = await next(t, place);
  await close();
  assert.deepEqual([failed.cuts[0]?.mark, failed.cuts[0]?.wasWhole], [cuts[0]?.mark, false]);
  assert.equal(cuts[0]?.wasWhole, true);
});

test('a recording that was changed is not ended, and is looked at again', async (t) => {
  const place = placeFor(t);
  const { child } = await recorder(t, place.directory);
  await kill(child);
  const file = join(place.directory, files(place)[0] ?? '');
  appendFileSync(file, Buffer.alloc(400));
  const before = readFileSync(file);
  const { cuts, close } = await next(t, place);
  await close();
  assert.deepEqual(cuts, []);
  assert.deepEqual(readFileSync(file), before);
  assert.equal(readdirSync(join(place.directory, 'writers')).length, 1);
});
