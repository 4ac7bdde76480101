/** kill -9 of every process in turn, and a router that hangs: everything is back by itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { processesWith, type Survivor, survivorsSkip } from '../support/process-survivors.ts';
import { noProcessLeft, startUp, temporaryFolder } from '../support/up-process.ts';
import { waitUntil } from '../support/process-wait.ts';
import {
  answers,
  exposeInEast,
  linkReady,
  linkWestAndEast,
  startHello,
} from '../support/up-sites.ts';

test('what is killed comes back', { skip: survivorsSkip }, async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const hello = await startHello(t, 'healed');
  const up = await startUp(t, { data, home });
  await linkWestAndEast(up);
  const port = await exposeInEast(up, 'hello', hello.port);
  const url = `http://127.0.0.1:${port}/`;
  await answers(up, url, 'healed');
  const routerOf = (site: string): Survivor | undefined => {
    const found = processesWith(join(data, 'sites', site, 'router.json'));
    assert.ok(found.length <= 1, `two routers for ${site}: ${JSON.stringify(found)}`);
    return found[0];
  };

  for (const site of ['west', 'east']) {
    await t.test(`the router of ${site}`, async () => {
      const before = routerOf(site);
      assert.ok(before, `no router process for ${site}`);
      process.kill(before.pid, 'SIGKILL');
      await waitUntil(`another router of ${site}`, () => {
        const now = routerOf(site);
        return now !== undefined && now.pid !== before.pid;
      });
      await answers(up, url, 'healed');
      await linkReady(up);
    });
  }

  await t.test('a router that hangs', async () => {
    const before = routerOf('west');
    assert.ok(before, 'no router process for west');
    process.kill(before.pid, 'SIGSTOP');
    await waitUntil('another router of west', () => {
      const now = routerOf('west');
      return now !== undefined && now.pid !== before.pid;
    });
    await answers(up, url, 'healed');
    await linkReady(up);
  });

  await t.test('up itself: its routers go with it, and the next start continues', async () => {
    process.kill(up.process.pid, 'SIGKILL');
    await up.process.exited;
    await noProcessLeft(data);
    const next = await startUp(t, { data, home });
    await answers(next, url, 'healed');
    await linkReady(next);
    assert.equal((await next.stop()).code, 0, next.process.describe());
    await noProcessLeft(data);
  });
});
