import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiDefinitions } from '#apis/index.ts';
import { Admission, equalJson, type KubeObject } from '#kube/index.ts';
import { everyFeature } from './every-feature.ts';

interface Recorded {
  readonly kind: string;
  readonly object: KubeObject & Record<string, unknown>;
  readonly old: KubeObject | null;
  readonly unknown: readonly string[];
  readonly pruned: unknown;
  readonly errors: readonly string[];
}

const file = join(import.meta.dirname, '..', 'fixtures', 'kube-validation', 'answers.jsonl');
const recorded = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

const admissions = new Map(
  [...apiDefinitions, everyFeature].map((each) => [each.kind, new Admission(each)]),
);

test('there are recorded answers for every kind, of both sorts', () => {
  for (const kind of admissions.keys()) {
    const own = recorded.filter((each) => each.kind === kind);
    assert.ok(
      own.some((each) => each.errors.length > 0),
      `${kind} refused`,
    );
    assert.ok(
      own.some((each) => each.errors.length === 0),
      `${kind} accepted`,
    );
  }
});

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

for (const [index, one] of recorded.entries()) {
  test(`${one.kind} of line ${index + 1} is answered as Kubernetes answers`, () => {
    const admission = admissions.get(one.kind);
    assert.ok(admission);
    const cut = admission.normalize(one.object);
    assert.deepEqual(sorted(cut), one.unknown);
    assert.ok(equalJson(one.object, one.pruned), JSON.stringify(one.object));
    const errors = admission.check(one.object, one.old ?? undefined);
    assert.deepEqual(
      sorted(errors.map(({ reason, field, message }) => `${reason} ${field}: ${message}`)),
      one.errors,
    );
  });
}
