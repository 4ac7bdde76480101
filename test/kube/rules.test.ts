import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  array,
  boolean,
  compileRules,
  DefinitionError,
  integer,
  map,
  object,
  ruleFindingsMax,
  string,
  type ValidationRule,
} from '#kube/index.ts';

const withRules = (rules: readonly ValidationRule[]) =>
  object(
    'd',
    {
      optional: {
        a: integer('a'),
        b: string('b'),
        on: boolean('on'),
        list: array('l', string('s')),
        weights: map('m', integer('w')),
      },
    },
    { rules },
  );

const found = (rule: ValidationRule, value: unknown, old?: unknown): string[] =>
  (compileRules(withRules([rule]))?.(value, old, 'spec') ?? []).map(
    ({ reason, field, message }) => `${reason} ${field} ${message}`,
  );

test('a schema without rules compiles to nothing', () => {
  assert.equal(compileRules(string('d')), undefined);
});

test('a rule that holds finds nothing, one that fails gives its message at its place', () => {
  const rule = { rule: 'has(self.a) != has(self.b)', message: 'one of a and b' };
  assert.deepEqual(found(rule, { a: 1 }), []);
  assert.deepEqual(found(rule, {}), [
    'FieldValueInvalid spec Invalid value: "object": one of a and b',
  ]);
});

test('without a message the rule itself is shown', () => {
  assert.deepEqual(found({ rule: 'self.a > 1' }, { a: 1 }), [
    'FieldValueInvalid spec Invalid value: "object": failed rule: self.a > 1',
  ]);
});

test('a transition rule runs only against an old value', () => {
  const rule = { rule: 'self.a >= oldSelf.a', message: 'a cannot shrink', fieldPath: '.a' };
  assert.deepEqual(found(rule, { a: 1 }), []);
  assert.deepEqual(found(rule, { a: 2 }, { a: 1 }), []);
  assert.deepEqual(found(rule, { a: 1 }, { a: 2 }), [
    'FieldValueInvalid spec.a Invalid value: "object": a cannot shrink',
  ]);
});

test('whole numbers, texts, lists and maps compare as CEL says', () => {
  const same = { rule: 'self == oldSelf', message: 'changed' };
  const value = { a: 1, b: 'x', list: ['p', 'q'], weights: { k: 2 } };
  assert.deepEqual(found(same, value, structuredClone(value)), []);
  assert.equal(found(same, value, { ...value, list: ['q', 'p'] }).length, 1);
  assert.equal(found(same, value, { ...value, weights: { k: 3 } }).length, 1);
  assert.deepEqual(found({ rule: 'self.weights.all(k, self.weights[k] > 0)' }, value), []);
});

test('the reason of a rule decides the kind of error', () => {
  const rule = (reason: ValidationRule['reason']): ValidationRule => ({
    rule: 'false',
    message: 'no',
    ...(reason === undefined ? {} : { reason }),
  });
  assert.deepEqual(found(rule('FieldValueForbidden'), {}), [
    'FieldValueForbidden spec Forbidden: no',
  ]);
  assert.deepEqual(found(rule('FieldValueRequired'), {}), [
    'FieldValueRequired spec Required value: no',
  ]);
});

test('a message expression makes the message, and falls back when it fails', () => {
  const rule = { rule: 'self.a < 5', messageExpression: '"a is " + string(self.a)' };
  assert.deepEqual(found(rule, { a: 7 }), [
    'FieldValueInvalid spec Invalid value: "object": a is 7',
  ]);
  const broken = { rule: 'self.a < 5', message: 'too big', messageExpression: 'self.nothing' };
  assert.deepEqual(found(broken, { a: 7 }), [
    'FieldValueInvalid spec Invalid value: "object": too big',
  ]);
});

test('a rule that cannot be evaluated is a finding, not a crash', () => {
  const [text = ''] = found({ rule: 'self.missing == 1', message: 'm' }, {});
  assert.match(text, /evaluating rule: m$/u);
});

test('a rule that is not CEL is refused when the definition is loaded', () => {
  assert.throws(
    () => compileRules(withRules([{ rule: 'self.a ==' }])),
    (error) => error instanceof DefinitionError && error.code === 'KUBE_RULE_SYNTAX',
  );
});

test('rules below lists and maps run for every entry, and findings are bounded', () => {
  const inner = object('i', { optional: { n: integer('n') } }, { rules: [{ rule: 'self.n > 0' }] });
  const check = compileRules(
    object('o', { optional: { items: array('l', inner), by: map('m', inner) } }),
  );
  const items = [{ n: 1 }, { n: 0 }];
  const fields = (value: unknown): string[] =>
    (check?.(value, undefined) ?? []).map((e) => e.field);
  assert.deepEqual(fields({ items, by: { k: { n: 0 } } }), ['items[1]', 'by.k']);
  const many = Array.from({ length: 3 * ruleFindingsMax }, () => ({ n: 0 }));
  assert.equal(fields({ items: many }).length, ruleFindingsMax);
});
