/** Recordings in parts: frames that go by, the text made of them, the sealed file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { AsciicastEncoder, parseEvent } from '#gateway/recording/asciicast.ts';
import { ChannelReader } from '#gateway/recording/channel-reader.ts';
import { channels } from '#gateway/recording/channel-sink.ts';
import {
  glanceRecording,
  readRecording,
  RecordingWriter,
} from '#gateway/recording/recording-file.ts';
import { decideRecording, refuseUnrecordable } from '#gateway/recording/recording-rule.ts';
import { fileSealer } from '#store/index.ts';
import { frameOf } from '../support/web-socket-frame.ts';

interface Message {
  readonly channel: number;
  readonly text: string;
  /** Where the message is cut into frames; bytes. */
  readonly cuts: readonly number[];
}

const message: fc.Arbitrary<Message> = fc.record({
  channel: fc.integer({ min: 0, max: 5 }),
  text: fc.string({ unit: 'grapheme', maxLength: 300 }),
  cuts: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 3 }),
});

/** The frames of a message, with a ping between them. */
function framesOf({ channel, text, cuts }: Message, masked: boolean): Buffer {
  const bytes = Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
  const ends = [
    ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b),
    bytes.length,
  ];
  let from = 0;
  const frames = ends.map((end, at) => {
    const part = bytes.subarray(from, end);
    from = end;
    const final = at === ends.length - 1;
    return frameOf(part, { opcode: at === 0 ? 2 : 0, final, masked });
  });
  const ping = frameOf(Buffer.from('ping'), { opcode: 9, masked });
  return Buffer.concat(frames.flatMap((frame) => [frame, ping]));
}

test('channels are read out of frames however they are cut, masked and mixed with pings', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 97 }),
      (messages, masked, step) => {
        const seen: string[] = [];
        let open = '';
        const parts: Buffer[] = [];
        const sink = {
          onBytes: (channel: number, bytes: Buffer, last: boolean): void => {
            open = `${channel}`;
            parts.push(Buffer.from(bytes));
            if (!last) return;
            seen.push(`${open}:${Buffer.concat(parts.splice(0)).toString()}`);
          },
        };
        const reader = new ChannelReader(sink, [channels.stdout, channels.stderr]);
        const bytes = Buffer.concat(messages.map((each) => framesOf(each, masked)));
        for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
        const wanted = messages
          .filter(({ channel }) => channel === channels.stdout || channel === channels.stderr)
          .map(({ channel, text }) => `${channel}:${text}`);
        assert.deepEqual(seen, wanted);
      },
    ),
  );
});

test('frames that cannot be followed are not guessed at', () => {
  const bad: readonly (readonly [string, Buffer])[] = [
    ['an extension', Buffer.from([0xc2, 2, 1, 65])],
    ['a continuation of nothing', Buffer.from([0x80, 2, 1, 65])],
    ['a message within a message', Buffer.from([0x02, 2, 1, 65, 0x82, 2, 1, 65])],
    ['an unknown opcode', Buffer.from([0x83, 2, 1, 65])],
  ];
  for (const [what, bytes] of bad) {
    const reader = new ChannelReader({ onBytes: () => undefined }, [1]);
    assert.throws(() => reader.push(bytes), { code: 'GATEWAY_RECORDING' }, what);
  }
});

test('the asciicast shows what the terminal got, with whole characters and its sizes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 7 }), (text, step) => {
      const encoder = new AsciicastEncoder({ startMs: 5000, title: 't', tty: true });
      const bytes = Buffer.from(text);
      let lines = encoder.resize(Buffer.from('{"Width":100,'), false, 0);
      lines += encoder.resize(Buffer.from('"Height":30}'), true, 0);
      for (let at = 0; at < bytes.length; at += step) {
        lines += encoder.output(1, bytes.subarray(at, at + step), at);
      }
      lines +=
        encoder.resize(Buffer.from('{"Width":50,"Height":10}'), true, 9000) + encoder.end(9001);
      const [header, ...events] = lines.trimEnd().split('\n');
      const { version, width, height, timestamp } = JSON.parse(header ?? '');
      assert.deepEqual([version, width, height, timestamp], [2, 100, 30, 5]);
      const read = events.map((line) => parseEvent(line)!);
      assert.equal(
        read
          .filter(({ code }) => code === 'o')
          .map(({ data }) => data)
          .join(''),
        bytes.toString(),
      );
      assert.deepEqual(
        read.filter(({ code }) => code === 'r'),
        [{ atMs: 9000, code: 'r', data: '50x10' }],
      );
    }),
  );
  const plain = new AsciicastEncoder({ startMs: 0, title: 't', tty: false });
  assert.equal(
    parseEvent(plain.output(1, Buffer.from('a\nb'), 0).split('\n')[1] ?? '')?.data,
    'a\r\nb',
  );
  for (const size of [
    '{"Width":0,"Height":1}',
    '{"Width":1e9,"Height":1}',
    'x',
    '"'.repeat(5000),
  ]) {
    assert.equal(plain.resize(Buffer.from(size), true, 0), '', size.slice(0, 30));
  }
  for (const line of ['{}', '[1]', '["1","o","x"]', '[1,"i","x"]', '[1,"o",1]', 'x']) {
    assert.equal(parseEvent(line), undefined, line);
  }
});

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-recording-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a recording is sealed, knows its end, and no byte of it can be changed or left out unseen', async (t) => {
  const folder = folderFor(t);
  const [path, name] = [join(folder, 'r'), 'r'];
  const sealer = fileSealer(join(folder, 'key'), 'recordings', true);
  const writer = await RecordingWriter.create(path, { name, about: '{"what":"x"}', sealer });
  await writer.write('first\n');
  await writer.write('hunter2\n');
  const mark = await writer.finish('{"durationMs":1}');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const whole = readFileSync(path);
  assert.equal(whole.includes('hunter2'), false);
  const read = async (at = path, as = name) => {
    const texts: string[] = [];
    const facts = await readRecording(at, { name: as, sealer }, (text) => void texts.push(text));
    return { ...facts, text: texts.join('') };
  };
  const full = await read();
  assert.deepEqual(
    [full.text, full.end, full.sha256],
    ['first\nhunter2\n', '{"durationMs":1}', mark.sha256],
  );
  assert.equal((await glanceRecording(path, { name, sealer })).end, full.end);
  const other = join(folder, 'other');
  for (let size = 0; size < whole.length; size++) {
    writeFileSync(other, whole.subarray(0, size));
    const cut = await read(other).catch((thrown: unknown) => thrown);
    if (cut instanceof Error) assert.match(cut.message, /it is no recording|cut before its first/);
    else assert.ok((cut as typeof full).end === undefined, `cut at ${size}`);
  }
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(other, changed);
    const seen = await read(other).catch(() => undefined);
    assert.ok(seen === undefined || seen.end === undefined, `changed at ${at}`);
  }
  // Another name is another recording, another key opens nothing.
  await assert.rejects(read(path, 'q'));
  const stranger = fileSealer(join(folder, 'key2'), 'recordings', true);
  await assert.rejects(readRecording(path, { name, sealer: stranger }), {
    code: 'STORE_KEY_MISSING',
  });
});

test('what is recorded, by grant, gateway and kind of stream', () => {
  const ask = { capability: 'exec' } as const;
  const rows = [
    ['always', undefined, 'refuse'],
    ['policy', undefined, 'pass'],
    ['never', undefined, 'pass'],
    ['always', 'asked', 'record'],
    ['policy', 'asked', 'pass'],
    ['never', 'asked', 'pass'],
    ['always', 'all', 'record'],
    ['policy', 'all', 'record'],
    ['never', 'all', 'refuse'],
  ] as const;
  for (const [recording, policy, wanted] of rows) {
    const decided = decideRecording({ recording, policy, ...ask });
    assert.equal(
      typeof decided === 'string' ? decided : 'refuse',
      wanted,
      `${recording} ${policy}`,
    );
    assert.deepEqual(decideRecording({ recording, policy, capability: 'attach' }), decided);
    assert.equal(decideRecording({ recording, policy, ...ask, capability: 'vnc' }), 'pass');
  }
  for (const capability of ['vnc', 'console', 'portforward', 'proxy', 'usbredir'] as const) {
    assert.throws(() => refuseUnrecordable({ spec: { recording: 'always' } }, capability), {
      rule: 'recording',
    });
    refuseUnrecordable({ spec: { recording: 'policy' } }, capability);
  }
  for (const capability of ['exec', 'attach', 'log', undefined] as const) {
    refuseUnrecordable({ spec: { recording: 'always' } }, capability);
  }
});
