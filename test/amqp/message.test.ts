/** Messages: sections there and back, heads while they arrive, echoes of ids, hostile ones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  AnnotationFlags,
  decodeMessage,
  described,
  double,
  type Encodable,
  encodeMessage,
  encodeValue,
  int,
  long,
  type MessageInit,
  MessageHeadReader,
  raw,
  type RouterAnnotations,
  sym,
  uint,
  ulong,
  uuid,
} from '#amqp/index.ts';

const annotations: RouterAnnotations = {
  flags: AnnotationFlags.streaming | AnnotationFlags.noQ2,
  toOverride: undefined,
  ingress: '0/west',
  trace: ['0/west', '0/hub'],
  ingressMesh: undefined,
};

const streamHead: MessageInit = {
  routerAnnotations: annotations,
  properties: {
    to: 'svc',
    replyTo: 'amqp:/_topo/0/west/temp.abc',
    correlationId: 'ab3:17',
    contentType: 'application/octet-stream',
  },
  applicationProperties: { V: uint(1) },
  body: { kind: 'value', value: null },
};

describe('message', () => {
  it('comes back with every section', () => {
    const message = decodeMessage(
      encodeMessage({
        ...streamHead,
        header: { durable: true, priority: 7, ttlMs: 5, firstAcquirer: false, deliveryCount: 2 },
        messageAnnotations: new Map([[sym('x-opt'), 'y']]),
        properties: {
          messageId: ulong(5),
          userId: Buffer.from('me'),
          to: 'a',
          subject: 'b',
          replyTo: 'c',
          correlationId: 'd',
          contentType: 'e',
          contentEncoding: 'f',
          absoluteExpiryMs: 1,
          creationMs: 2,
          groupId: 'g',
          groupSequence: 3,
          replyToGroupId: 'h',
        },
      }),
    );
    assert.deepEqual(message.routerAnnotations, annotations);
    assert.deepEqual(message.header, {
      durable: true,
      priority: 7,
      ttlMs: 5,
      firstAcquirer: false,
      deliveryCount: 2,
    });
    assert.equal(message.messageAnnotations?.get('x-opt'), 'y');
    const { messageIdRaw, correlationIdRaw, userId, ...properties } = message.properties ?? {};
    assert.deepEqual(userId, Buffer.from('me'));
    assert.ok(messageIdRaw && correlationIdRaw);
    assert.deepEqual(properties, {
      messageId: 5,
      to: 'a',
      subject: 'b',
      replyTo: 'c',
      correlationId: 'd',
      contentType: 'e',
      contentEncoding: 'f',
      absoluteExpiryMs: 1,
      creationMs: 2,
      groupId: 'g',
      groupSequence: 3,
      replyToGroupId: 'h',
    });
    assert.equal(message.applicationProperties?.get('V'), 1);
    assert.deepEqual(message.body, { kind: 'value', value: null });
  });

  it('writes the head of a TCP stream as routers do', () => {
    const bytes = Buffer.from(encodeMessage(streamHead)).toString('hex');
    assert.ok(bytes.startsWith('0080534b50522d2d5241c0'));
    assert.ok(bytes.endsWith('00537740'));
    assert.ok(!bytes.includes('005370'), 'no header section');
  });

  it('carries several data sections and sequences', () => {
    const data = [Buffer.from('a'), Buffer.from('bc')];
    assert.deepEqual(decodeMessage(encodeMessage({ body: { kind: 'data', data } })).body, {
      kind: 'data',
      data,
    });
    const body = decodeMessage(encodeMessage({ body: { kind: 'sequence', items: [1, 'x'] } })).body;
    assert.deepEqual(body, { kind: 'sequence', items: [1, 'x'] });
  });

  it('echoes a correlation-id with its exact type', () => {
    const ids: Encodable[] = [
      'text',
      ulong(5),
      ulong(2n ** 60n),
      int(5),
      long(5),
      uuid('00112233-4455-6677-8899-aabbccddeeff'),
      Buffer.from([1, 2]),
      raw(Buffer.from('7000000005', 'hex')),
      raw(Buffer.from('b10000000161', 'hex')),
    ];
    for (const id of ids) {
      const request = decodeMessage(
        encodeMessage({ properties: { messageId: 'm', correlationId: id } }),
      );
      const answer = encodeMessage({
        properties: { correlationId: request.properties?.correlationIdRaw },
      });
      const again = decodeMessage(answer).properties?.correlationIdRaw?.value;
      assert.deepEqual(again, Buffer.from(encodeValue(id)));
    }
  });

  it('leaves absent ids absent', () => {
    const { properties } = decodeMessage(encodeMessage({ properties: { to: 'x' } }));
    assert.equal(properties?.messageIdRaw, undefined);
    assert.equal(properties?.correlationIdRaw, undefined);
    assert.equal(properties?.correlationId, undefined);
  });

  it('refuses malformed sections with a code', () => {
    const section = (code: number | bigint, value: Encodable): Buffer =>
      Buffer.from(encodeValue(described(code, value)));
    const routers = 0x534b_5052_2d2d_5241n;
    const wrong: Buffer[] = [
      Buffer.from([0x40]),
      section(0x79, null),
      section(0x70, 'no list'),
      section(0x73, [null, null, 5]),
      section(0x74, []),
      section(0x75, 'text'),
      section(0x76, 'text'),
      section(routers, 'no list'),
      section(routers, [0, null, null]),
      section(routers, [0, null, null, [1]]),
      section(routers, ['0', null, null, []]),
      section(routers, [0, 5, null, []]),
      Buffer.concat([section(0x77, 1), section(0x77, 2)]),
      Buffer.concat([section(0x75, Buffer.alloc(1)), section(0x76, [])]),
    ];
    for (const bytes of wrong) {
      assert.throws(
        () => decodeMessage(bytes),
        { code: /^AMQP_(?:MESSAGE|DECODE)$/ },
        bytes.toString('hex'),
      );
    }
  });

  it('keeps annotations that it does not know', () => {
    const value = [uint(0xffff_fff8), 'to', null, [], 'mesh'];
    const bytes = encodeValue(described(0x534b_5052_2d2d_5241n, value));
    const { routerAnnotations } = decodeMessage(bytes);
    assert.deepEqual(routerAnnotations, {
      flags: 0xffff_fff8,
      toOverride: 'to',
      ingress: undefined,
      trace: [],
      ingressMesh: 'mesh',
    });
    assert.ok(routerAnnotations);
    assert.deepEqual(
      decodeMessage(encodeMessage({ routerAnnotations })).routerAnnotations,
      routerAnnotations,
    );
  });
});

describe('head reader', () => {
  const payload = Buffer.from('GET / HTTP/1.1\r\n\r\n');
  const bytes = Buffer.concat([encodeMessage(streamHead), payload]);

  it('finds where the octets begin, however the head is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const reader = new MessageHeadReader();
        const edges = [0, ...cuts, bytes.length].toSorted((a, b) => a - b);
        let rest = Buffer.alloc(0);
        let head: ReturnType<MessageHeadReader['push']>;
        for (let index = 1; index < edges.length; index++) {
          const piece = bytes.subarray(edges[index - 1], edges[index]);
          if (head) rest = Buffer.concat([rest, piece]);
          else head = reader.push(piece);
        }
        assert.ok(head);
        assert.ok(head.bodyIsNull);
        assert.equal(head.properties?.to, 'svc');
        assert.equal(head.applicationProperties?.get('V'), 1);
        assert.deepEqual(head.routerAnnotations, annotations);
        const octets = Buffer.concat([head.bytes.subarray(head.bodyStart), rest]);
        assert.deepEqual(octets, payload);
      }),
    );
  });

  it('stops at the address when that is all that is wanted', () => {
    const head = new MessageHeadReader({ until: 'address' }).push(bytes);
    assert.equal(head?.properties?.to, 'svc');
    assert.equal(head?.applicationProperties, undefined);
    const override = encodeMessage({
      ...streamHead,
      routerAnnotations: { ...annotations, toOverride: 'other' },
    });
    const early = new MessageHeadReader({ until: 'address' }).push(override);
    assert.equal(early?.properties, undefined);
    assert.equal(early?.routerAnnotations?.toOverride, 'other');
    assert.ok(early && early.annotationsEnd > 0 && early.annotationsEnd === early.bodyStart);
  });

  it('lets a forwarder replace the annotations and keep the rest as it is', () => {
    const head = new MessageHeadReader({ until: 'address' }).push(bytes);
    assert.ok(head?.routerAnnotations);
    const { routerAnnotations } = head;
    const mine = { ...routerAnnotations, trace: [...routerAnnotations.trace, '0/me'] };
    const forwarded = Buffer.concat([
      encodeMessage({ routerAnnotations: mine }),
      head.bytes.subarray(head.annotationsEnd),
    ]);
    const again = new MessageHeadReader().push(forwarded);
    assert.deepEqual(again?.routerAnnotations?.trace, ['0/west', '0/hub', '0/me']);
    assert.deepEqual(forwarded.subarray(again?.bodyStart), payload);
  });

  it('writes a fifth annotation only for a known mesh', () => {
    const bare = { ...annotations, ingress: undefined, ingressMesh: undefined };
    for (const [given, expected] of [
      [bare, [uint(5), null, null, ['0/west', '0/hub']]],
      [{ ...bare, ingressMesh: 'm' }, [uint(5), null, null, ['0/west', '0/hub'], 'm']],
    ] as const) {
      assert.deepEqual(
        Buffer.from(encodeMessage({ routerAnnotations: given })),
        Buffer.from(encodeValue(described(0x534b_5052_2d2d_5241n, [...expected]))),
      );
    }
  });

  it('says that an ordinary body is not a stream', () => {
    for (const body of [
      { kind: 'value', value: 'x' } as const,
      { kind: 'value', value: double(1) } as const,
      { kind: 'data', data: [Buffer.from('x')] } as const,
      { kind: 'sequence', items: [1] } as const,
    ]) {
      const whole = encodeMessage({ properties: { to: 'x' }, body });
      const head = new MessageHeadReader().push(whole);
      assert.equal(head?.bodyIsNull, false);
      assert.deepEqual(decodeMessage(whole.subarray(head?.bodyStart)).body?.kind, body.kind);
    }
  });

  it('takes the end of a message without body as the end of its head', () => {
    const whole = encodeMessage({ properties: { to: 'x' } });
    const reader = new MessageHeadReader();
    assert.equal(reader.push(whole), undefined);
    assert.equal(reader.finish().properties?.to, 'x');
    const cut = new MessageHeadReader();
    cut.push(whole.subarray(0, whole.length - 1));
    assert.throws(() => cut.finish(), { code: 'AMQP_MESSAGE' });
  });

  it('refuses heads beyond the limit, annotations in the wrong place and other bytes', () => {
    const large = encodeMessage({ properties: { to: 'x'.repeat(200) } });
    const reader = new MessageHeadReader({ headBytesMax: 100 });
    assert.throws(() => reader.push(large.subarray(0, 150)), { code: 'AMQP_LIMIT' });
    const late = Buffer.concat([
      encodeMessage({ properties: { to: 'x' } }),
      encodeMessage({ routerAnnotations: annotations }),
    ]);
    assert.throws(() => new MessageHeadReader().push(late), { code: 'AMQP_MESSAGE' });
    assert.throws(() => new MessageHeadReader().push(Buffer.from('GET / HTTP/1.1')), {
      code: 'AMQP_MESSAGE',
    });
  });

  it('ends random bytes with a head, hunger or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(0xff), (random, at, byte) => {
        const damaged = Buffer.from(bytes);
        damaged[at % damaged.length] = byte;
        for (const input of [damaged, Buffer.from(random)]) {
          try {
            new MessageHeadReader().push(input);
          } catch (error) {
            assert.match(String((error as { code?: string }).code), /^AMQP_/);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
