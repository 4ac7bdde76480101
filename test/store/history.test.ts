/** For any history: a list at any revision plus the changes after it is the list now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as holds, asyncProperty, constantFrom, record } from 'fast-check';
import { silentLogger } from '#base/log.ts';
import { openStore, type Store } from '#store/index.ts';
import { systemClock } from '../support/system.ts';

interface Thing {
  readonly text: string;
}

const steps = array(
  record({
    namespace: constantFrom('a', 'b'),
    name: constantFrom('x', 'y', 'z'),
    deed: constantFrom('put', 'put', 'remove'),
  }),
  { minLength: 1, maxLength: 40 },
);

type State = Map<string, string>;

const stateOf = (store: Store<Thing>, revision: number): State =>
  new Map(
    store
      .listAt('things', revision)
      .objects.map(({ namespace, name, revision: at, value }) => [
        `${namespace}/${name}`,
        `${value.text}@${at}`,
      ]),
  );

test('a list at any revision and the changes after it make the present', async () => {
  await holds(
    asyncProperty(steps, async (history) => {
      const store = await openStore<Thing>(
        { clock: systemClock, logger: silentLogger, stamp: (value) => value },
        { limits: { cacheBytesMax: 50 } },
      );
      try {
        await play(store, history);
        const present = stateOf(store, store.revision);
        for (let revision = 0; revision <= store.revision; revision++) {
          const state = stateOf(store, revision);
          for (const change of store.changesAfter('things', revision, 1000)) {
            const key = `${change.namespace}/${change.name}`;
            assert.equal(change.previous?.text, state.get(key)?.split('@')[0], 'previous contents');
            if (change.type === 'deleted') state.delete(key);
            else state.set(key, `${change.value.text}@${change.revision}`);
          }
          assert.deepEqual(
            Object.fromEntries(state),
            Object.fromEntries(present),
            `from ${revision}`,
          );
        }
      } finally {
        await store.stop({ graceMs: 0 });
      }
    }),
    { numRuns: 40 },
  );
});

async function play(
  store: Store<Thing>,
  history: readonly { namespace: string; name: string; deed: string }[],
): Promise<void> {
  for (const [index, { namespace, name, deed }] of history.entries()) {
    const expected = store.get('things', { namespace, name })?.revision ?? 0;
    const remove = deed === 'remove';
    if (remove && expected === 0) continue;
    const value = { text: `t${index}` };
    await store.write({ collection: 'things', namespace, name, expected, value, delete: remove });
  }
}
