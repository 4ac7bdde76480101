/** Terminals by SPDY: frames however they are cut, and all that is not followed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { channels } from '#gateway/recording/channel-sink.ts';
import { headerDictionary } from '#gateway/recording/spdy/dictionary.ts';
import { SpdyTerminal } from '#gateway/recording/spdy/spdy-terminal.ts';
import {
  controlFrame,
  dataFrame,
  headerBlock,
  HeaderWriter,
  openTerminal,
  pingFrame,
  terminalStreams,
} from '../support/spdy.ts';

interface Seen {
  readonly channel: number;
  text: string;
}

/** A terminal whose bytes are gathered, neighbours of one channel together. */
function listening() {
  const seen: Seen[] = [];
  const sizes: string[] = [];
  let size = '';
  const terminal = new SpdyTerminal({
    onBytes: (channel, bytes, last) => {
      if (channel === channels.resize) {
        size += bytes.toString('latin1');
        if (last) sizes.push(size.trim());
        if (last) size = '';
        return;
      }
      const before = seen.at(-1);
      if (before?.channel === channel) before.text += bytes.toString('latin1');
      else seen.push({ channel, text: bytes.toString('latin1') });
    },
  });
  return { terminal, seen, sizes };
}

async function opened() {
  const writer = new HeaderWriter();
  const heard = listening();
  heard.terminal.fromClient.push(await openTerminal(writer));
  return { ...heard, writer };
}

const name = fc.constantFrom('error', 'stdin', 'stdout', 'stderr');
const write = fc.record({
  name,
  text: fc.string({ maxLength: 300 }).map((text) => Buffer.from(text).toString('latin1')),
  ping: fc.boolean(),
});

test('what a terminal shows is read out of frames however they are cut', async () => {
  const replies = new HeaderWriter();
  const reply = Buffer.concat(
    await Promise.all(Object.values(terminalStreams).map((stream) => replies.synReply(stream))),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 8 }),
      fc.integer({ min: 1, max: 97 }),
      async (writes, step) => {
        const writer = new HeaderWriter();
        const { terminal, seen } = listening();
        const cut = (bytes: Buffer, push: (part: Buffer) => void): void => {
          for (let at = 0; at < bytes.length; at += step) push(bytes.subarray(at, at + step));
        };
        cut(await openTerminal(writer), (part) => terminal.fromClient.push(part));
        const frames = writes.flatMap(({ name: of, text, ping }) => [
          dataFrame(terminalStreams[of], Buffer.from(text, 'latin1')),
          ...(ping ? [pingFrame] : []),
        ]);
        cut(Buffer.concat([reply, ...frames]), (part) => terminal.fromServer.push(part));
        const wanted: Seen[] = [];
        for (const { name: of, text } of writes) {
          if ((of !== 'stdout' && of !== 'stderr') || text === '') continue;
          if (wanted.at(-1)?.channel === channels[of]) wanted.at(-1)!.text += text;
          else wanted.push({ channel: channels[of], text });
        }
        assert.deepEqual(seen, wanted);
      },
    ),
    { numRuns: 60 },
  );
});

test('sizes are told apart however they come, and typing is passed over', async () => {
  const { terminal, seen, sizes } = await opened();
  const { resize, stdin } = terminalStreams;
  const push = (stream: number, text: string): void => {
    terminal.fromClient.push(dataFrame(stream, text));
  };
  push(resize, '{"Width":80,"Height":24}\n{"Width":100,');
  push(stdin, 'hunter2}');
  push(resize, '"Height":30}\n');
  assert.deepEqual(sizes, ['{"Width":80,"Height":24}', '{"Width":100,"Height":30}']);
  assert.deepEqual(seen, []);
});

test('the dictionary is the one of the standard', () => {
  let [a, b] = [1, 0];
  for (const byte of headerDictionary) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  assert.deepEqual([headerDictionary.length, b * 65_536 + a], [1423, 0xe3c6a7c2]);
});

const typed = (text: string): readonly (readonly [string, string])[] => [['streamtype', text]];

test('a client cannot open a stream that is read otherwise than it is shown', async () => {
  const rows: readonly (readonly [string, (writer: HeaderWriter) => Promise<Buffer>, RegExp])[] = [
    ['no type', (w) => w.synStream(11, []), /does not say what it is for/],
    ['an unknown type', (w) => w.synStream(11, typed('data')), /does not say what it is for/],
    ['a number again', (w) => w.synStream(5, typed('error')), /a number that it cannot have/],
    ['a number of the server', (w) => w.synStream(12, typed('stdout')), /a number/],
    ['a number too large', (w) => w.synStream(0x8000_000b, typed('stdout')), /a number/],
    ['two values', (w) => w.synStream(11, typed('stdout\0error')), /ambiguous/],
    ['a name twice', (w) => w.synStream(11, [...typed('stdout'), ...typed('error')]), /ambiguous/],
    ['a name in capitals', (w) => w.synStream(11, [['streamType', 'stdout']]), /ambiguous/],
    [
      'headers for the next stream',
      (w) => w.synStreamOf(11, Buffer.concat([headerBlock(typed('error')), headerBlock([])])),
      /bytes follow the headers/,
    ],
    [
      'a header cut off',
      (w) => w.synStreamOf(11, headerBlock(typed('error')).subarray(0, 9)),
      /cut off/,
    ],
    ['a header bomb', (w) => w.synStreamOf(11, Buffer.alloc(10_000_000)), /inflated/],
    ['no headers', async () => controlFrame(1, Buffer.alloc(10)), /not of its length/],
    ['no compression', async () => controlFrame(1, Buffer.alloc(20)), /inflated|cut off/],
    [
      'a ping with a frame in it',
      async () => controlFrame(6, Buffer.alloc(12)),
      /not of its length/,
    ],
    [
      'settings of another length',
      async () => controlFrame(4, Buffer.alloc(12)),
      /not of its length/,
    ],
    ['an unknown frame', async () => controlFrame(5, Buffer.alloc(0)), /unknown/],
    ['another version', async () => Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4]), /version 3/],
    ['a huge frame', async () => Buffer.from([0x80, 3, 0, 4, 0, 0xff, 0xff, 0xff]), /too large/],
    ['data of no stream', async () => dataFrame(13, 'x'), /no stream that was opened/],
    ['data with flags', async () => Buffer.from([0, 0, 0, 3, 2, 0, 0, 0]), /unknown flags/],
  ];
  for (const [what, frame, words] of rows) {
    const { terminal, writer } = await opened();
    const bytes = await frame(writer);
    assert.throws(
      () => terminal.fromClient.push(bytes),
      (thrown: Error & { code?: string }) =>
        thrown.code === 'GATEWAY_RECORDING' && words.test(thrown.message),
      what,
    );
  }
  const { terminal, writer } = await opened();
  await assert.rejects(async () => {
    for (let stream = 11; stream < 99; stream += 2) {
      terminal.fromClient.push(await writer.synStream(stream, typed('stdout')));
    }
  }, /too many streams/);
});

test('a server shows nothing on streams that nobody opened', async () => {
  const { terminal } = await opened();
  assert.throws(() => terminal.fromServer.push(dataFrame(11, 'x')), /no stream that was opened/);
  const other = await opened();
  const syn = await other.writer.synStream(2, typed('stdout'));
  assert.throws(() => other.terminal.fromServer.push(syn), /the server opens a stream/);
});

test('any bytes are followed, or refused with a code', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 1, max: 50 }),
      (bytes, step) => {
        for (const side of ['fromClient', 'fromServer'] as const) {
          const follower = listening().terminal[side];
          try {
            for (let at = 0; at < bytes.length; at += step) {
              follower.push(Buffer.from(bytes.subarray(at, at + step)));
            }
          } catch (thrown) {
            assert.equal((thrown as { code?: string }).code, 'GATEWAY_RECORDING');
          }
        }
      },
    ),
  );
});

test('every change of one byte of the opening frames is followed or refused with a code', async () => {
  const opening = await openTerminal(new HeaderWriter());
  for (let at = 0; at < opening.length; at++) {
    const changed = Buffer.from(opening);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    try {
      listening().terminal.fromClient.push(changed);
    } catch (thrown) {
      assert.equal((thrown as { code?: string }).code, 'GATEWAY_RECORDING', `byte ${at}`);
    }
  }
});
