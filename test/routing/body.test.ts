import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type BodyValue,
  encodeBody,
  type Opcode,
  parseBody,
  type RoutingBody,
  RoutingError,
  Treatment,
} from '#routing/index.ts';

const id = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/u);
const count = fc.nat({ max: 2 ** 31 - 1 });
const descriptor = fc.record({
  key: id.map((name) => `M${name}`),
  treatment: fc.constantFrom(...Object.values(Treatment)),
  producers: fc.nat({ max: 100 }),
  meshId: fc.option(id, { nil: undefined }),
});
const body: fc.Arbitrary<RoutingBody> = fc.oneof(
  fc.record({ opcode: fc.constant('HELLO'), id, instance: count, seen: fc.array(id) }),
  fc.record({ opcode: fc.constant('RA'), id, instance: count, lsSeq: count, mobileSeq: count }),
  fc.record({ opcode: fc.constant('LSR'), id }),
  fc.record({
    opcode: fc.constant('LSU'),
    id,
    instance: count,
    lsSeq: count,
    peers: fc
      .array(fc.tuple(id, fc.integer({ min: 1, max: 1000 })))
      .map((entries) => new Map(entries)),
  }),
  fc.record({ opcode: fc.constant('MAR'), id, haveSeq: count }),
  fc.record({
    opcode: fc.constant('MAU'),
    id,
    mobileSeq: count,
    change: fc.oneof(
      fc.record({ kind: fc.constant('absolute'), exist: fc.array(descriptor) }),
      fc.record({
        kind: fc.constant('differential'),
        add: fc.array(descriptor),
        del: fc.array(id.map((name) => `M${name}`)),
      }),
    ),
  }),
) as fc.Arbitrary<RoutingBody>;

/** As another codec may hand it over: wrapped strings, bigint numbers, wrapped keys. */
function disguise(value: BodyValue): unknown {
  if (value === null) return null;
  if (typeof value === 'string') return { value };
  if (Array.isArray(value)) return value.map((entry: BodyValue) => disguise(entry));
  if (value instanceof Map) {
    return new Map([...value].map(([key, entry]) => [{ value: key }, disguise(entry)]));
  }
  return 'value' in value ? BigInt(value.value) : value;
}

test('every body is read back as it was written, whatever the widths and kinds', () => {
  fc.assert(
    fc.property(body, (drawn) => {
      // Plain objects, as the engine makes them.
      const sent = structuredClone(drawn);
      assert.deepEqual(parseBody(sent.opcode, encodeBody(sent)), sent);
      assert.deepEqual(parseBody(sent.opcode, disguise(encodeBody(sent))), sent);
    }),
  );
});

test('anything else as a body is refused with a code', () => {
  const opcodes: readonly Opcode[] = ['HELLO', 'RA', 'LSR', 'LSU', 'MAR', 'MAU'];
  const anything = fc.anything({ withMap: true, withBigInt: true });
  const nearly = fc
    .array(
      fc.tuple(
        fc.constantFrom('id', 'pv', 'instance', 'seen', 'ls', 'exist', 'add', 'del', 'mobile_seq'),
        anything,
      ),
    )
    .map((entries) => new Map<unknown, unknown>([['id', 'A'], ...entries]));
  fc.assert(
    fc.property(fc.constantFrom(...opcodes), fc.oneof(anything, nearly), (opcode, value) => {
      try {
        assert.equal(parseBody(opcode, value).opcode, opcode);
      } catch (error) {
        assert.ok(error instanceof RoutingError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

const refused: readonly (readonly [string, Opcode, readonly (readonly [string, unknown])[]])[] = [
  ['a router id with a slash', 'LSR', [['id', 'a/b']]],
  ['a router id with a space', 'LSR', [['id', 'a b']]],
  ['an empty router id', 'LSR', [['id', '']]],
  ['an id beyond the limit', 'LSR', [['id', 'x'.repeat(1025)]]],
  ['a newer version', 'LSR', [['pv', 2]]],
  [
    'a newer version of addresses',
    'MAR',
    [
      ['pv', 3],
      ['have_seq', 1],
    ],
  ],
  ['a negative sequence number', 'MAR', [['have_seq', -1]]],
  [
    'a cost of zero',
    'LSU',
    [
      ['ls_seq', 1],
      ['ls', new Map([['peers', new Map([['b', 0]])]])],
    ],
  ],
  [
    'exist together with add',
    'MAU',
    [
      ['mobile_seq', 1],
      ['exist', []],
      ['add', []],
    ],
  ],
  [
    'add without del',
    'MAU',
    [
      ['mobile_seq', 1],
      ['add', []],
    ],
  ],
  ['neither exist nor add', 'MAU', [['mobile_seq', 1]]],
  [
    'an address without a name',
    'MAU',
    [
      ['mobile_seq', 1],
      ['exist', [['M']]],
    ],
  ],
];
for (const [what, opcode, fields] of refused) {
  test(`${opcode} with ${what} is refused`, () => {
    const map = new Map<string, unknown>([['id', 'A'], ...fields]);
    assert.throws(() => parseBody(opcode, map), RoutingError);
  });
}

test('an unknown treatment hint reads as the default, which is balanced unless told', () => {
  const map = new Map<string, unknown>([
    ['id', 'A'],
    ['mobile_seq', 1],
    ['exist', [['Mx', 99], ['My']]],
  ]);
  const parsed = parseBody('MAU', map);
  assert.ok(parsed.opcode === 'MAU' && parsed.change.kind === 'absolute');
  assert.deepEqual(
    parsed.change.exist.map(({ treatment }) => treatment),
    [Treatment.balanced, Treatment.balanced],
  );
  const closest = parseBody('MAU', map, Treatment.closest);
  assert.ok(closest.opcode === 'MAU' && closest.change.kind === 'absolute');
  assert.deepEqual(
    closest.change.exist.map(({ treatment }) => treatment),
    [Treatment.closest, Treatment.closest],
  );
});
