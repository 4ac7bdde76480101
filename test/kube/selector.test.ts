import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  configMap,
  customDefinition,
  customSchema,
  event,
  LabelSelector,
  labelSelectorOf,
  namespace,
  object,
  parseFieldSelector,
  parseLabelSelector,
  secret,
  selectorLengthMax,
  service,
  StatusError,
} from '#kube/index.ts';

const labels = { tier: 'b', app: 'web', empty: '' };

const matches: readonly [string, boolean][] = [
  ['', true],
  ['tier=b', true],
  ['tier==b', true],
  ['tier = b , app = web', true],
  ['tier!=b', false],
  ['nope!=b', true],
  ['tier in (b,c)', true],
  ['tier in (c)', false],
  ['tier in (b,c),!nope', true],
  ['tier notin (b)', false],
  ['nope notin (b)', true],
  ['tier', true],
  ['!tier', false],
  ['nope', false],
  ['empty=', true],
  ['empty in ()', true],
  ['tier=', false],
  ['example.com/x', false],
];

for (const [text, expected] of matches) {
  test(`label selector "${text}" ${expected ? 'selects' : 'passes over'} the object`, () => {
    assert.equal(parseLabelSelector(text).matches(labels), expected);
  });
}

for (const text of [
  'a=b=c',
  'a in b',
  'a in (b',
  'a in (b c)',
  ',',
  'a,',
  '=b',
  'a b',
  '!!a',
  'a>x',
  '-bad=x',
  'a=b!',
  'a=-b',
  'a'.repeat(selectorLengthMax + 1),
]) {
  test(`label selector "${text.slice(0, 12)}" is a bad request`, () => {
    assert.throws(
      () => parseLabelSelector(text),
      (error) => error instanceof StatusError && error.httpStatus === 400,
    );
  });
}

test('numbers compare with > and <', () => {
  assert.equal(parseLabelSelector('n>4').matches({ n: '5' }), true);
  assert.equal(parseLabelSelector('n<5').matches({ n: '5' }), false);
  assert.equal(parseLabelSelector('n>4').matches({ n: 'x' }), false);
  const most = '9223372036854775807';
  assert.equal(parseLabelSelector('n>9223372036854775806').matches({ n: most }), true);
  assert.equal(parseLabelSelector('n>4').matches({ n: '9223372036854775808' }), false);
  assert.throws(() => parseLabelSelector('n>9223372036854775808'), { httpStatus: 400 });
});

test('labels named like parts of Object.prototype are not there unless set', () => {
  assert.equal(parseLabelSelector('constructor').matches({}), false);
  assert.equal(parseLabelSelector('toString notin (x)').matches({}), true);
});

test('a written selector reads back as the same requirements', () => {
  const name = fc.stringMatching(/^[a-z]([a-z0-9.-]{0,10}[a-z0-9])?$/u);
  const reserved = new Set(['in', 'notin']);
  const key = name.filter((text) => !reserved.has(text));
  const requirement = fc.oneof(
    fc.record(
      {
        key,
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }).map((list) => list.sort()),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        key,
        operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
        values: fc.constant([] as string[]),
      },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(fc.uniqueArray(requirement, { selector: (one) => one.key }), (requirements) => {
      const sorted = [...requirements].sort((a, b) => (a.key < b.key ? -1 : 1));
      const read = parseLabelSelector(new LabelSelector(sorted).toString());
      assert.deepEqual(read.requirements, sorted);
    }),
  );
});

test('no text makes the label parser fail other than by a bad request', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      try {
        parseLabelSelector(text);
      } catch (error) {
        assert.ok(error instanceof StatusError && error.httpStatus === 400);
      }
    }),
  );
});

test('matchLabels and matchExpressions select together', () => {
  const selector = labelSelectorOf({
    matchLabels: { app: 'web' },
    matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
  });
  assert.equal(selector.matches(labels), true);
  assert.equal(selector.matches({ app: 'web' }), false);
  assert.throws(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'Like' }] }));
});

const thing = (extra: object) => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'n1', namespace: 'ns1' },
  ...extra,
});

test('field selectors compare the declared fields', () => {
  const active = thing({ status: { phase: 'Active' } });
  assert.equal(parseFieldSelector('status.phase=Active', namespace).matches(active), true);
  assert.equal(parseFieldSelector('status.phase!=Active', namespace).matches(active), false);
  assert.equal(
    parseFieldSelector('metadata.name=n1,metadata.namespace==ns1', configMap).matches(active),
    true,
  );
  assert.equal(parseFieldSelector('metadata.name=n2', configMap).matches(active), false);
  assert.equal(parseFieldSelector('', configMap).isEmpty, true);
  assert.equal(parseFieldSelector('type=Opaque', secret).matches(thing({ type: 'Opaque' })), true);
  assert.equal(parseFieldSelector('spec.type=', service).matches(thing({})), true);
  const happened = thing({ involvedObject: { name: 'web', uid: 'u' }, source: { component: 'c' } });
  assert.equal(
    parseFieldSelector('involvedObject.name=web,source=c', event).matches(happened),
    true,
  );
});

test('a field selector knows which value it fixes', () => {
  const selector = parseFieldSelector('metadata.name=a,metadata.namespace!=b', configMap);
  assert.equal(selector.exact('metadata.name'), 'a');
  assert.equal(selector.exact('metadata.namespace'), undefined);
});

test('commas and equal signs in values are escaped with a backslash', () => {
  const selector = parseFieldSelector(String.raw`metadata.name=a\,b\=c\\d`, configMap);
  assert.equal(selector.exact('metadata.name'), String.raw`a,b=c\d`);
  for (const value of [String.raw`a\x`, 'a\\', 'a=b']) {
    const text = `metadata.name=${value}`;
    assert.throws(() => parseFieldSelector(text, configMap), { httpStatus: 400 }, text);
  }
});

test('fields that cannot be selected are refused in the words of Kubernetes', () => {
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof StatusError && error.httpStatus === 400);
      return error.message;
    }
    return '';
  };
  const empty = object('e', {});
  const custom = customDefinition({
    group: 'g.io',
    version: 'v1',
    kind: 'C',
    plural: 'cs',
    description: 'c',
    schema: customSchema('c', empty, empty),
    columns: [],
  });
  assert.equal(
    message(() => parseFieldSelector('x=1', configMap)),
    '"x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  );
  assert.equal(
    message(() => parseFieldSelector('spec.port=1', custom)),
    'field label not supported: spec.port',
  );
  assert.equal(
    message(() => parseFieldSelector('nonsense', custom)),
    "invalid selector: 'nonsense'; can't understand 'nonsense'",
  );
});
