import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressDescriptor, Treatment } from '#routing/index.ts';
import { RoutingBench } from '../support/routing-bench.ts';
import { settledHeapBytes } from '../support/settled-heap.ts';

const addressesPerRouter = 10;

/** An engine that knows `size` routers around a hub, each with a few addresses. */
function engineKnowing(size: number): RoutingBench {
  const bench = new RoutingBench({ routersMax: size + 10 });
  const ids = Array.from({ length: size }, (_, index) => `r${index}`);
  bench.neighbour(1, 'hub', Object.fromEntries(['A', ...ids].map((id) => [id, 1])));
  for (const id of ids) {
    bench.linkState(1, id, 1, { hub: 1 });
    const exist = Array.from(
      { length: addressesPerRouter },
      (_, index): AddressDescriptor => ({
        key: `M${id}-${index}`,
        treatment: Treatment.balanced,
        producers: 0,
        meshId: undefined,
      }),
    );
    bench.receive(1, { opcode: 'MAU', id, mobileSeq: 1, change: { kind: 'absolute', exist } });
  }
  bench.pass(100);
  bench.sent.length = 0;
  bench.events.length = 0;
  return bench;
}

test('what an engine keeps grows in proportion to the routers that it knows', async () => {
  // Every engine is kept to the end, so that none freed late is taken off a later reading.
  const kept: RoutingBench[] = [];
  const bytesPerRouter = async (size: number): Promise<number> => {
    const before = await settledHeapBytes();
    kept.push(engineKnowing(size));
    return ((await settledHeapBytes()) - before) / size;
  };
  await bytesPerRouter(500);
  const small = await bytesPerRouter(500);
  const large = await bytesPerRouter(2000);
  assert.deepEqual(
    kept.map(({ engine }) => engine.costTo('r499')),
    [2, 2, 2],
  );
  assert.ok(large < 1.5 * small, `${small} then ${large} bytes per router`);
  assert.ok(large < 4096, `${large} bytes per router`);
});
