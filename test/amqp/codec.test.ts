/** Values to bytes and back: exact forms, a slow twin, hostile sizes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type AmqpValue,
  byte,
  char,
  decodeValue,
  Described,
  described,
  double,
  type Encodable,
  encodeValue,
  float,
  int,
  long,
  raw,
  short,
  sym,
  symArray,
  symMap,
  timestamp,
  Typed,
  ubyte,
  uint,
  ulong,
  ushort,
  uuid,
} from '#amqp/index.ts';
import { plainEncode } from '../support/amqp-plain-codec.ts';

const hex = (value: Encodable): string => Buffer.from(encodeValue(value)).toString('hex');
const back = (text: string): AmqpValue => decodeValue(Buffer.from(text, 'hex'));

describe('exact forms', () => {
  const cases: readonly [string, Encodable, string, AmqpValue][] = [
    ['null', null, '40', null],
    ['undefined is null', undefined, '40', null],
    ['true', true, '41', true],
    ['false', false, '42', false],
    ['ubyte', ubyte(255), '50ff', 255],
    ['ushort', ushort(258), '600102', 258],
    ['uint 0', uint(0), '43', 0],
    ['uint small', uint(255), '52ff', 255],
    ['uint', uint(256), '7000000100', 256],
    ['ulong 0', ulong(0), '44', 0],
    ['ulong small', ulong(255), '53ff', 255],
    ['ulong', ulong(2 ** 40), '800000010000000000', 2 ** 40],
    ['ulong beyond 2^53', ulong(2n ** 64n - 1n), '80ffffffffffffffff', 2n ** 64n - 1n],
    ['byte', byte(-2), '51fe', -2],
    ['short', short(-2), '61fffe', -2],
    ['int small', int(-2), '54fe', -2],
    ['int', int(-200), '71ffffff38', -200],
    ['long small', long(-2), '55fe', -2],
    ['long', long(-(2 ** 40)), '81ffffff0000000000', -(2 ** 40)],
    ['long beyond 2^53', long(-(2n ** 63n)), '818000000000000000', -(2n ** 63n)],
    ['float', float(1.5), '723fc00000', 1.5],
    ['double', double(1.5), '823ff8000000000000', 1.5],
    ['plain integer', 300, '710000012c', 300],
    ['plain large integer', 2 ** 40, '810000010000000000', 2 ** 40],
    ['plain fraction', 1.5, '823ff8000000000000', 1.5],
    ['char', char('é'), '73000000e9', 'é'],
    ['timestamp', timestamp(1), '830000000000000001', 1],
    ['str', 'hé', 'a10368c3a9', 'hé'],
    ['sym', sym('ab'), 'a3026162', 'ab'],
    ['binary', Buffer.from([1, 2]), 'a0020102', Buffer.from([1, 2])],
    ['empty list', [], '45', []],
    ['list', [1, null], 'c00402540140', [1, null]],
    ['map', new Map([['a', 1]]), 'c10602a101615401', new Map([['a', 1]])],
    ['map of symbols', symMap({ a: 1 }), 'c10602a301615401', new Map([['a', 1]])],
    ['array', symArray(['a', 'bc']), 'e00702a30161026263', ['a', 'bc']],
    ['described', described(0x77, null), '00537740', new Described(0x77, null)],
    ['raw', raw(Buffer.from('5305', 'hex')), '5305', 5],
    [
      'uuid',
      uuid('00112233-4455-6677-8899-aabbccddeeff'),
      '9800112233445566778899aabbccddeeff',
      '00112233-4455-6677-8899-aabbccddeeff',
    ],
  ];
  for (const [title, value, bytes, decoded] of cases) {
    it(title, () => {
      assert.equal(hex(value), bytes);
      assert.deepEqual(back(bytes), decoded);
    });
  }

  it('decodes forms that we never write', () => {
    assert.equal(back('5601'), true);
    assert.deepEqual(back('d00000000400000000'), []);
    assert.deepEqual(back('e00100'), []);
    assert.deepEqual(back('e0020040'), []);
    assert.deepEqual(back('e00402500708'), [7, 8]);
    assert.deepEqual(back('e0020340'), [null, null, null]);
    assert.deepEqual(back('e00702005305500708'), [new Described(5, 7), new Described(5, 8)]);
  });

  it('widens what does not fit one-byte sizes', () => {
    const long254 = 'x'.repeat(254);
    for (const value of [
      [long254],
      Array.from({ length: 300 }, () => null),
      ['x'.repeat(70_000)],
    ]) {
      const bytes = encodeValue(value);
      assert.equal(bytes[0], 0xd0);
      assert.deepEqual(decodeValue(bytes), value);
    }
  });

  it('refuses what AMQP can not carry', () => {
    const wrong: Encodable[] = [
      ubyte(256),
      ubyte(1.5),
      ushort(-1),
      uint(2 ** 32),
      ulong(-1),
      ulong(2n ** 64n),
      int(2 ** 31),
      long(2n ** 63n),
      byte(128),
      short(2 ** 15),
      sym('é'),
      char('ab'),
      uuid('no'),
      symArray(['é']),
    ];
    for (const value of wrong) assert.throws(() => encodeValue(value), { code: 'AMQP_ENCODE' });
  });
});

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ minLength: 250, maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.nat(0xffff_ffff).map(uint),
  fc.bigInt(0n, 2n ** 64n - 1n).map(ulong),
  fc.integer().map(int),
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', ':', '-') }).map(sym),
  fc
    .array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 300 }), { minLength: 1 })
    .map(symArray),
);

const { value: anyValue } = fc.letrec<{ value: Encodable }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc
      .tuple(fc.oneof(fc.nat(0xffff), fc.constant('a:b')), tie('value'))
      .map(([d, v]) => described(d, v)),
  ),
}));

/** What a value means, whatever it was written as. */
function meaning(value: Encodable): AmqpValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Typed) {
    return value.kind === 'symArray' ? value.value : meaning(value.value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Described) {
    return new Described(value.descriptor, meaning(value.value as Encodable));
  }
  if (value instanceof Map) {
    return new Map(
      [...value].map(([key, item]) => [meaning(key as Encodable), meaning(item as Encodable)]),
    );
  }
  if (Array.isArray(value)) return value.map((item: Encodable) => meaning(item));
  if (typeof value === 'bigint') {
    const isSafe =
      value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
    return isSafe ? Number(value) : value;
  }
  return value as AmqpValue;
}

describe('any value', () => {
  it('comes back as what it means', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.deepEqual(decodeValue(encodeValue(value)), meaning(value));
      }),
    );
  });

  it('means the same as written by the slow twin', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.deepEqual(decodeValue(plainEncode(value)), decodeValue(encodeValue(value)));
      }),
    );
  });

  it('is never longer than written by the slow twin', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.ok(encodeValue(value).length <= plainEncode(value).length);
      }),
    );
  });
});

describe('hostile bytes', () => {
  it('ends random bytes with a value or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        try {
          decodeValue(bytes);
        } catch (error) {
          assert.match(String((error as { code?: string }).code), /^AMQP_(?:DECODE|DEPTH)$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses counts and sizes that the bytes do not hold', () => {
    const wrong = [
      'd0ffffffff00000001',
      'd000000005ffffffff40',
      'd100000005ffffffff40',
      'f000000005ffffffff40',
      'f0000000050000100140',
      'c10301a10161'.slice(0, 10),
      'c1020140',
      // Inside a list: a list whose size goes beyond its content.
      'c00702c00401530540',
      'b1ffffffff',
      'a005',
      '00',
      '004040',
      '5602',
      '7300110000',
      'ff',
    ];
    for (const text of wrong) assert.throws(() => back(text), { code: 'AMQP_DECODE' }, text);
  });

  it('refuses nesting that would exhaust the stack', () => {
    const nested = (depth: number): Buffer => {
      let bytes = Buffer.from([0x45]);
      for (let index = 0; index < depth; index++) {
        const head = Buffer.alloc(9);
        head[0] = 0xd0;
        head.writeUInt32BE(bytes.length + 4, 1);
        head.writeUInt32BE(1, 5);
        bytes = Buffer.concat([head, bytes]);
      }
      return bytes;
    };
    decodeValue(nested(30));
    assert.throws(() => decodeValue(nested(40)), { code: 'AMQP_DEPTH' });
    assert.throws(() => decodeValue(Buffer.from('005301'.repeat(100_000) + '40', 'hex')), {
      code: 'AMQP_DEPTH',
    });
    let deep: Encodable = null;
    for (let index = 0; index < 100; index++) deep = [deep];
    assert.throws(() => encodeValue(deep), { code: 'AMQP_DEPTH' });
  });

  it('refuses bytes after the value', () => {
    assert.throws(() => back('4040'), { code: 'AMQP_DECODE' });
  });
});
