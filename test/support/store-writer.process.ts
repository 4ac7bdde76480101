/** Writes to a store without end and says on stdout what was acknowledged, one JSON line each. */
import { openStore } from '#store/index.ts';
import { silentLogger } from '#base/log.ts';
import { systemClock } from './system.ts';

const [directory = '.', writers = '8', sealed] = process.argv.slice(2);
const store = await openStore<{ writer: number; count: number }>(
  { clock: systemClock, logger: silentLogger, stamp: (value) => value },
  { directory, ...(sealed === undefined ? {} : { sealed: ['things'] }) },
);

async function write(writer: number): Promise<never> {
  const key = { namespace: 'ns', name: `writer-${writer}` };
  for (;;) {
    const expected = store.get('things', key)?.revision ?? 0;
    const count = (store.get('things', key)?.value.count ?? 0) + 1;
    const value = { writer, count };
    const { revision } = await store.write({ collection: 'things', ...key, expected, value });
    process.stdout.write(`${JSON.stringify({ writer, count, revision })}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
