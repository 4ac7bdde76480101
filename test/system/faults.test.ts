/**
 * Two `up` of their own, one site each, linked by a token while the one or the other is killed, at
 * every step of the way. Afterwards the link is there, one redemption is counted, and nothing that
 * belongs to nobody is left.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { accessGrant, accessToken, issuedLink, link } from '#apis/index.ts';
import { type ResourceDefinition, secret } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { noOrphans, redeemed } from '../support/orphans.ts';
import { processesWith, type Survivor, survivorsSkip } from '../support/process-survivors.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { noProcessLeft, startUp, temporaryFolder, type Up } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

const group = 'skupper.io/v2alpha1';

/** What is killed, and how it comes back. */
interface Victim {
  kill(): Promise<void>;
  again(): Promise<void>;
}

/** One `up` that can be killed and started again with the same ports and data. */
class Machine implements Victim {
  up: Up;
  client: KubeClient;
  readonly #t: TestContext;
  readonly #home: string;
  readonly #name: string;
  readonly #ports: readonly string[];

  private constructor(t: TestContext, home: string, name: string, up: Up, client: KubeClient) {
    this.#t = t;
    this.#home = home;
    this.#name = name;
    this.up = up;
    this.client = client;
    // Who holds a token comes back to the same address.
    this.#ports = ['--grant-port', new URL(up.ready.grantServer).port];
  }

  static async start(t: TestContext, name: string, flags: readonly string[]): Promise<Machine> {
    const home = await temporaryFolder(t);
    const up = await startUp(t, { home, data: join(home, 'data') });
    const site = ['site', 'create', name, '-n', name, '--create-namespace'];
    succeeded(await up.cli(...site, ...flags));
    return new Machine(t, home, name, up, await clientOf(t, up));
  }

  /** kill -9, routers included when they do not end by themselves. */
  async kill(): Promise<void> {
    await this.up.stop('SIGKILL');
    await noProcessLeft(join(this.#home, 'data'));
  }

  async again(): Promise<void> {
    this.up = await startUp(this.#t, {
      home: this.#home,
      data: join(this.#home, 'data'),
      args: this.#ports,
    });
    this.client = await clientOf(this.#t, this.up);
  }

  /** Its router alone, which the controllers start again. */
  get router(): Victim {
    const running = (): readonly Survivor[] =>
      processesWith(join(this.#home, 'data', 'sites', this.#name, 'router.json'));
    let before: readonly Survivor[] = [];
    return {
      kill: async () => {
        before = running();
        assert.equal(before.length, 1);
        for (const { pid } of before) process.kill(pid, 'SIGKILL');
      },
      again: async () => {
        await waitUntil('another router', () => {
          const [now] = running();
          return now !== undefined && now.pid !== before[0]?.pid;
        });
      },
    };
  }

  describe(): string {
    return `${this.#name}: ${this.up.process.describe()}`;
  }
}

/** Waits for a moment on the way, looking as often as the machine allows. */
async function moment(read: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await read())) {
    if (performance.now() > endMs) throw new RangeError('the moment did not come');
  }
}

test('kill -9 of either side at every step of the linking path', {
  skip: survivorsSkip,
}, async (t) => {
  const west = await Machine.start(t, 'west', ['--enable-link-access']);
  const east = await Machine.start(t, 'east', []);
  let turn = 0;

  /** Links with a token of one use, and kills `victim` once `when` holds. */
  const linkWhile = async (
    victim: Victim,
    when: (names: { grant: string; token: string }) => Promise<boolean>,
  ): Promise<void> => {
    turn++;
    const names = { grant: `grant-${turn}`, token: `token-${turn}` };
    const grantKey = { namespace: 'west', name: names.grant };
    const tokenKey = { namespace: 'east', name: names.token };
    await west.client.create(accessGrant, {
      apiVersion: group,
      kind: 'AccessGrant',
      metadata: grantKey,
      spec: { redemptionsAllowed: 1 },
    });
    const {
      url = '',
      code = '',
      ca = '',
    } = await waitUntil('the grant', async () => {
      const { status } = await west.client.get(accessGrant, grantKey);
      return status?.status === 'Ready' && status;
    });
    const watching = moment(() => when(names));
    await east.client.create(accessToken, {
      apiVersion: group,
      kind: 'AccessToken',
      metadata: tokenKey,
      spec: { url, code, ca },
    });
    await watching;
    await victim.kill();
    await victim.again();
    await waitUntil(
      'the link Ready',
      async () => {
        const { status } = await east.client.get(link, tokenKey);
        assert.equal(status?.status, 'Ready', JSON.stringify(status));
        return true;
      },
      { deadlineMs: 60_000, describe: () => `${west.describe()}\n${east.describe()}` },
    );
    await redeemed(west.client, grantKey, 1);
    await noOrphans(west.client, ['west']);
    await noOrphans(east.client, ['east']);
    const token = await east.client.get(accessToken, tokenKey);
    assert.equal(token.status?.redeemed, true);
    await east.client.remove(link, tokenKey);
  };

  const isThere = async (kind: ResourceDefinition, name: string): Promise<boolean> =>
    (await east.client.find(kind, { namespace: 'east', name })) !== undefined;

  await t.test('the joiner, as soon as the token is there', () =>
    linkWhile(east, ({ token }) => isThere(accessToken, token)),
  );
  await t.test('the joiner, once its key is kept', () =>
    linkWhile(east, async () => {
      const { items } = await east.client.list(secret, { namespace: 'east' });
      return items.some(({ metadata }) => metadata.name.startsWith('redemption-'));
    }),
  );
  await t.test('the joiner, once the other side has counted', () =>
    linkWhile(east, async ({ grant }) => {
      const { status } = await west.client.get(accessGrant, { namespace: 'west', name: grant });
      return status?.redemptions === 1;
    }),
  );
  await t.test('the joiner, once the Secret is there', () =>
    linkWhile(east, ({ token }) => isThere(secret, token)),
  );
  await t.test('the joiner, once the Link is there', () =>
    linkWhile(east, ({ token }) => isThere(link, token)),
  );
  await t.test('the grant server, once it was asked', () =>
    linkWhile(west, async () => {
      const { items } = await east.client.list(secret, { namespace: 'east' });
      return items.some(({ metadata }) => metadata.name.startsWith('redemption-'));
    }),
  );
  await t.test('the grant server, once the certificate is on record', () =>
    linkWhile(west, async ({ grant }) => {
      const { items } = await west.client.list(issuedLink, { namespace: 'west' });
      return items.some(({ spec }) => spec?.grantName === grant);
    }),
  );
  await t.test('the grant server, once it has counted', () =>
    linkWhile(west, async ({ grant }) => {
      const { status } = await west.client.get(accessGrant, { namespace: 'west', name: grant });
      return status?.redemptions === 1;
    }),
  );
  const linkThere = ({ token }: { token: string }) => isThere(link, token);
  const tokenThere = ({ token }: { token: string }) => isThere(accessToken, token);
  await t.test('the router of the joiner, as soon as the token is there', () =>
    linkWhile(east.router, tokenThere),
  );
  await t.test('the router of the joiner, once the Link is there', () =>
    linkWhile(east.router, linkThere),
  );
  await t.test('the router of the grant server’s site, once the Link is there', () =>
    linkWhile(west.router, linkThere),
  );
});
