import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type AddressDescriptor, Treatment } from '#routing/index.ts';
import { RoutingBench } from '../support/routing-bench.ts';

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

test('what an engine keeps grows in proportion to the routers that it knows', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bytesPerRouter = (size: number): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    const bench = engineKnowing(size);
    collect();
    const bytes = process.memoryUsage().heapUsed - before;
    assert.equal(bench.engine.costTo(`r${size - 1}`), 2);
    return bytes / size;
  };
  bytesPerRouter(500);
  const small = bytesPerRouter(500);
  const large = bytesPerRouter(2000);
  assert.ok(large < 1.5 * small, `${small} then ${large} bytes per router`);
  assert.ok(large < 4096, `${large} bytes per router`);
});
