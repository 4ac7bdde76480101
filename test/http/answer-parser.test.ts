/** Reading answers of servers: one meaning or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  array,
  assert as check,
  constant,
  constantFrom,
  nat,
  oneof,
  property,
  record,
  string,
  stringMatching,
} from 'fast-check';
import { HttpError } from '#http/index.ts';
import { AnswerParser } from '#http/pool/answer-parser.ts';

interface Read {
  readonly status: number;
  readonly lines: readonly string[];
  body: string;
  whole: boolean;
}

/** Reads answers to requests with these methods; each next request begins when an answer is whole. */
function read(pieces: readonly Buffer[], methods: readonly string[] = ['GET'], closed = false) {
  const answers: Read[] = [];
  const parser = new AnswerParser({
    onHead: ({ status, lines }) => answers.push({ status, lines, body: '', whole: false }),
    onBody: (bytes) => {
      answers.at(-1)!.body += bytes.toString('latin1');
    },
    onEnd: () => {
      answers.at(-1)!.whole = true;
    },
  });
  parser.begin(methods[0]!);
  for (const piece of pieces) {
    parser.push(piece);
    const next = methods[answers.length];
    if (answers.at(-1)?.whole === true && next !== undefined) parser.begin(next);
  }
  const cut = closed ? !parser.close() : undefined;
  return { answers, reusable: parser.isReusable, cut };
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test('an answer reads the same however the network cuts it', () => {
  const bodies = oneof(
    record({
      kind: constant('length' as const),
      chunks: array(string(), { maxLength: 3 }),
    }),
    record({
      kind: constant('chunked' as const),
      chunks: array(string(), { maxLength: 5 }),
    }),
  );
  const value = stringMatching(/^[!-~]{0,20}$/);
  const earlier = array(constantFrom(100, 102, 103), { maxLength: 3 });
  check(
    property(
      earlier,
      bodies,
      value,
      array(nat(400), { maxLength: 6 }),
      (early, body, odd, cuts) => {
        const chunks = body.chunks.map((text) => bytes(text)).filter((chunk) => chunk.length > 0);
        const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const framed =
          body.kind === 'length'
            ? chunks
            : [
                ...chunks.flatMap((c) => [bytes(`${c.length.toString(16)}\r\n`), c, bytes('\r\n')]),
                bytes('0\r\nX-Trailer: t\r\n\r\n'),
              ];
        const framing =
          body.kind === 'length' ? `Content-Length:\t${size} ` : 'Transfer-Encoding: Chunked';
        const wire = Buffer.concat([
          bytes(early.map((status) => `HTTP/1.1 ${status} Soon\r\nLink: x\r\n\r\n`).join('')),
          bytes(
            `HTTP/1.1 200 OK\r\nX-Odd:${odd}\r\n${framing}\r\nWarning: a\r\nWarning: b\r\n\r\n`,
          ),
          ...framed,
        ]);
        const at = [
          0,
          ...cuts.filter((cut) => cut < wire.length).toSorted((a, b) => a - b),
          wire.length,
        ];
        const pieces = at.slice(1).map((end, index) => wire.subarray(at[index], end));
        const { answers, reusable } = read(pieces);
        assert.equal(answers.length, 1);
        assert.equal(answers[0]!.whole, true);
        assert.equal(answers[0]!.body, Buffer.concat(chunks).toString('latin1'));
        assert.deepEqual(answers[0]!.lines.slice(0, 2), ['x-odd', odd]);
        assert.deepEqual(answers[0]!.lines.slice(4), ['warning', 'a', 'warning', 'b']);
        assert.equal(reusable, true);
      },
    ),
  );
});

test('where a body ends is known from the method, the status and the head', () => {
  const head = (line: string, ...headers: string[]): string =>
    `HTTP/1.1 ${line}\r\n${headers.map((each) => `${each}\r\n`).join('')}\r\n`;
  const ofHead = read([bytes(head('200 OK', 'Content-Length: 5'))], ['HEAD']);
  assert.deepEqual([ofHead.answers[0]?.whole, ofHead.reusable], [true, true]);
  for (const status of ['204 No Content', '304 Not Modified']) {
    const read_ = read([bytes(head(status, 'Content-Length: 5'))]);
    assert.deepEqual([read_.answers[0]?.whole, read_.reusable], [true, true], status);
  }
  const open = read([bytes(`${head('200')}all until the end`)], ['GET'], true);
  assert.deepEqual([open.answers[0]?.body, open.answers[0]?.whole], ['all until the end', true]);
  assert.deepEqual([open.reusable, open.cut], [false, false]);
  const short = read([bytes(`${head('200 OK', 'Content-Length: 5')}1234`)], ['GET'], true);
  assert.deepEqual([short.answers[0]?.whole, short.cut], [false, true]);
  const closing = read([bytes(`${head('200 OK', 'Content-Length: 1', 'Connection: a, Close')}1`)]);
  assert.deepEqual([closing.answers[0]?.whole, closing.reusable], [true, false]);
  const old = read([bytes('HTTP/1.0 503 Busy\r\n\r\nwait')], ['GET'], true);
  assert.deepEqual(
    [old.answers[0]?.status, old.answers[0]?.body, old.reusable],
    [503, 'wait', false],
  );
});

const ok = 'HTTP/1.1 200 OK\r\n';
const refused: readonly (readonly [string, string])[] = [
  ['bytes after the answer', `${ok}Content-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\n\r\n`],
  ['two lengths', `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\n1`],
  ['a length with a sign', `${ok}Content-Length: +1\r\n\r\n1`],
  ['a list of lengths', `${ok}Content-Length: 1, 1\r\n\r\n1`],
  ['a length with another space', `${ok}Content-Length: \xa01\r\n\r\n1`],
  [
    'length and encoding',
    `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  ],
  ['two encodings', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['another encoding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ['identity', `${ok}Transfer-Encoding: identity\r\n\r\n`],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a blank before the colon', `${ok}Content-Length : 1\r\n\r\n1`],
  ['a folded line', `${ok}X: 1\r\n 2\r\n\r\n`],
  ['a bare line feed', `${ok}X: 1\nContent-Length: 1\r\n\r\n1`],
  ['a bare carriage return', `${ok}X: 1\rContent-Length: 1\r\n\r\n1`],
  ['a NUL', `${ok}X: \0\r\n\r\n`],
  ['no name', `${ok}: 1\r\n\r\n`],
  ['another protocol', 'SSH-2.0-x\r\n\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a switch nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['informational answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)],
  ['a head without end', `${ok}X: ${'x'.repeat(70_000)}`],
  ['more lines than anybody needs', `${ok}${'X: 1\r\n'.repeat(300)}\r\n`],
  ['a chunk size with a sign', `${ok}Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n`],
  ['a chunk size in another base', `${ok}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n`],
  [
    'a chunk size that overflows',
    `${ok}Transfer-Encoding: chunked\r\n\r\n100000000000001\r\na\r\n`,
  ],
  ['a chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n`],
  ['a chunk longer than it said', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`],
  ['a size that ends with a bare feed', `${ok}Transfer-Encoding: chunked\r\n\r\n1\na\r\n`],
  ['a size without end', `${ok}Transfer-Encoding: chunked\r\n\r\n${'0'.repeat(5000)}`],
  ['a trailer that is none', `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n`],
];

for (const [what, wire] of refused) {
  test(`an answer that could be read in two ways is a fault: ${what}`, () => {
    assert.throws(
      () => read([bytes(wire)]),
      (thrown) => thrown instanceof HttpError && thrown.code === 'HTTP_ANSWER_INVALID',
    );
    const each = [...bytes(wire)].map((byte) => Buffer.from([byte]));
    assert.throws(() => read(each), HttpError);
  });
}
