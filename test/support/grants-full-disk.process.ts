/**
 * Redemptions on a file system of its own that is too small: refused while it is full, counted once
 * there is room. Prints one JSON line.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { issuedLink } from '#apis/index.ts';
import { configMap } from '#kube/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { apiServerBench } from './controller-bench.ts';
import { grantWorldOver, openSite, west } from './grant-world.ts';
import { until } from './until.ts';

const [mount = '.'] = process.argv.slice(2);
const ballast = join(mount, 'ballast');
writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
const ends: (() => unknown)[] = [];
// As much of a test as these parts look at: what to do at its end.
const context = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext;

const bench = await apiServerBench(context, [west, 'drawbridge-system'], {
  directory: join(mount, 'data'),
});
const world = await grantWorldOver(bench);
await openSite(world);
const grant = await world.grant('g', { redemptionsAllowed: 2 });

async function fill(): Promise<number> {
  for (let n = 0; ; n++) {
    try {
      await world.client.create(configMap, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: west, name: `n${n}` },
        data: { text: 'x'.repeat(8000) },
      });
    } catch (thrown) {
      return thrown instanceof KubeClientError ? thrown.status : 0;
    }
  }
}

const full = await fill();
// What is smaller than the last one may still fit.
let refused = await world.redeem(grant);
const given = [refused.status];
while (refused.status === 200 && given.length < 2) {
  refused = await world.redeem(grant);
  given.push(refused.status);
}
rmSync(ballast);
const before = given.filter((status) => status === 200).length;
const after = await until(async () => {
  const answer = await world.redeem(grant);
  return answer.status === 503 ? undefined : answer.status;
}, 'an answer');
const records = await until(async () => {
  const { items } = await world.client.list(issuedLink, { namespace: west });
  return items.length === before + 1 ? items.length : undefined;
}, 'one record each');
const { status } = await world.read('g');
process.stdout.write(
  `${JSON.stringify({
    full,
    refused: refused.status,
    retryAfter: refused.headers['retry-after'],
    after,
    records: records - before,
    counted: (status?.redemptions ?? 0) - before,
  })}\n`,
);
for (const end of ends.toReversed()) await end();
