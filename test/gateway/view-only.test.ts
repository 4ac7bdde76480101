/** Looking only: what a browser may send to a screen, however its bytes are cut. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ViewOnlyFilter } from '#gateway/stream/view-only.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, jsonIn } from '../support/gateway-world.ts';

/** A frame as browsers send it. */
function frame(payload: Buffer, opcode = 2): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = Buffer.from(payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0)));
  const head = Buffer.from(
    payload.length < 126
      ? [0x80 | opcode, 0x80 | payload.length]
      : [0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff],
  );
  return Buffer.concat([head, mask, masked]);
}

/** Payloads of the frames that came out, whose mask is zero. */
function payloads(bytes: Buffer): Buffer {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const size = short < 126 ? short : bytes.readUInt16BE(at + 2);
    const start = at + (short < 126 ? 2 : 4) + 4;
    found.push(bytes.subarray(start, start + size));
    at = start + size;
  }
  return Buffer.concat(found);
}

async function filtered(chunks: readonly Buffer[]): Promise<Buffer> {
  const filter = new ViewOnlyFilter();
  for (const chunk of chunks) filter.write(chunk);
  filter.end();
  return payloads(Buffer.concat((await filter.toArray()) as Buffer[]));
}

const hello = [Buffer.from('RFB 003.008\n'), Buffer.from([1]), Buffer.from([1])];
const message = (type: number, size: number): Buffer =>
  Buffer.from([type, ...Array<number>(size - 1).fill(0)]);
const encodings = (count: number): Buffer => {
  const list = message(2, 4 + 4 * count);
  list.writeUInt16BE(count, 2);
  return list;
};
const clipboard = (length: number): Buffer => {
  const cut = message(6, 8 + Math.abs(length));
  cut.writeInt32BE(length, 4);
  return cut;
};
const passing = fc.constantFrom(
  message(0, 20),
  encodings(0),
  encodings(5),
  message(3, 10),
  message(150, 10),
);
const stopped = fc.constantFrom(
  message(4, 8),
  message(5, 6),
  clipboard(0),
  clipboard(40),
  clipboard(-12),
  message(255, 12),
);

test('gateway acceptance 8: what asks for pictures passes, what acts does not, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          passing.map((bytes) => ({ bytes, passes: true })),
          stopped.map((bytes) => ({ bytes, passes: false })),
        ),
      ),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      async (messages, cuts) => {
        const all = Buffer.concat([...hello, ...messages.map(({ bytes }) => bytes)]);
        const pieces: Buffer[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          pieces.push(frame(all.subarray(at, at + size)));
          at += size;
        }
        const wire = Buffer.concat(pieces);
        const half = Math.floor(wire.length / 2);
        const expected = [
          ...hello,
          ...messages.filter(({ passes }) => passes).map(({ bytes }) => bytes),
        ];
        assert.deepEqual(
          await filtered([wire.subarray(0, half), wire.subarray(half)]),
          Buffer.concat(expected),
        );
      },
    ),
  );
});

test('what is not known, unmasked or too large ends the stream', async () => {
  const unmasked = Buffer.from([0x82, 1, 3]);
  const huge = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  const open = frame(Buffer.concat(hello));
  for (const bytes of [
    unmasked,
    huge,
    Buffer.concat([open, frame(message(99, 4))]),
    Buffer.concat([open, frame(Buffer.from([255, 1, 0, 0]))]),
    Buffer.concat([frame(Buffer.concat([hello[0] ?? Buffer.alloc(0), Buffer.from([2])]))]),
  ]) {
    await assert.rejects(filtered([bytes]), { code: 'GATEWAY_REQUEST' });
  }
});

test('a grant that asks for what this gateway does not do opens nothing', async (t) => {
  const world = await gatewayWorld(t, { recorded: true });
  const rules = [{ verbs: ['get', 'create'], resources: ['pods'] }];
  const subjects = [{ kind: 'User' as const, name: 'anna' }];
  for (const [name, spec] of [
    ['login', { requireLogin: true }],
    ['subjects', { subjects }],
  ] as const) {
    const code = await world.grant(name, { rules, ...spec });
    const look = await world.call('/gateway/v1/look', { body: JSON.stringify({ code }) });
    assert.equal(look.status, 403, name);
    assert.match(jsonIn(look).message, /^this grant is for people who have logged in/);
    const used = await world.call('/k8s/api/v1/namespaces/default/pods/p', { token: code });
    assert.equal(used.status, 403, name);
  }
  for (const spec of [{ recording: 'always' as const }, { viewOnly: true }]) {
    const name = Object.keys(spec).join('').toLowerCase();
    const token = await world.grant(name, { rules, connect: ['exec'], ...spec });
    const head = [
      'GET /k8s/api/v1/namespaces/default/pods/p/exec?command=sh HTTP/1.1',
      `Host: localhost:${world.gateway.port}`,
      `Authorization: Bearer ${token}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: v5.channel.k8s.io',
    ];
    const answer = await world.raw(`${head.join('\r\n')}\r\n\r\n`);
    assert.equal(answer.status, 403, name);
  }
  assert.deepEqual(world.recorder?.received, []);
});
