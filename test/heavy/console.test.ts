/** The console in a real browser, over the real gateway, before a cluster that is played. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { GatewayToken } from '#apis/index.ts';
import { Secret } from '#base/secret.ts';
import { type GatewayOptions, parseLoginRules } from '#gateway/index.ts';
import { configMap } from '#kube/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { freePort } from '../support/controller-process.ts';
import { oidcClient, oidcProvider } from '../support/oidc-provider.ts';
import { browserFor, browserSkip, picture, type TestBrowser } from '../support/browser.ts';
import { gatewayWorld, type GatewayWorld } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';
import { screenColour } from '../support/played-screen.ts';
import { startWorkloads, type Workloads } from '../support/workloads.ts';

interface Bench extends TestBrowser {
  readonly world: GatewayWorld;
  readonly workloads: Workloads;
  readonly page: Page;
  readonly origin: string;
}

async function bench(t: TestContext, options: Partial<GatewayOptions> = {}): Promise<Bench> {
  const workloads = await startWorkloads(t);
  const world = await gatewayWorld(t, { connection: workloads.connection, options });
  const browser = await browserFor(t);
  const page = await browser.context.newPage();
  const origin = `https://localhost:${world.gateway.port}`;
  return { ...browser, world, workloads, page, origin };
}

const spec: GatewayToken['spec'] = {
  rules: [
    {
      verbs: ['get', 'list', 'watch', 'create'],
      apiGroups: [''],
      resources: ['pods'],
      namespaces: ['shop'],
    },
    {
      verbs: ['get', 'list', 'watch'],
      apiGroups: ['kubevirt.io', 'subresources.kubevirt.io'],
      resources: ['virtualmachineinstances'],
      namespaces: ['shop'],
    },
  ],
  connect: ['log', 'exec', 'vnc'],
};

/** Opens a link and goes on. */
async function open({ page, origin }: Pick<Bench, 'page' | 'origin'>, code: string): Promise<void> {
  await page.goto(`${origin}/l#${code}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'What this link allows' }).waitFor();
}

test('gateway acceptance 53: a link spends its use only when a person goes on', {
  skip: browserSkip,
}, async (t) => {
  const { world, page, origin, complaints, ...rest } = await bench(t);
  const code = await world.grant('anna', spec);
  for (let scan = 0; scan < 5; scan++) {
    await page.goto(`${origin}/l#${code}`);
    await page.getByText('Nothing is used until you continue.').waitFor();
    assert.equal(new URL(page.url()).hash, '');
  }
  await picture(page, 'link');
  // Loaded again, the tab still knows the code.
  await page.reload();
  await page.getByText('Nothing is used until you continue.').waitFor();
  assert.equal((await world.read('anna')).status?.uses ?? 0, 0);
  await page.getByText('You may see and create pods in namespace shop.').waitFor();
  // By keyboard alone.
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Continue' }).press('Enter');
  await page.getByRole('heading', { name: 'What this link allows' }).waitFor();
  assert.equal((await world.read('anna')).status?.uses, 1);
  await picture(page, 'overview');
  assert.equal(await page.evaluate('sessionStorage.length'), 0);
  // Whoever opened it goes on; for others it is used up.
  const second = await rest.context.newPage();
  await second.goto(`${origin}/l#${code}`);
  await second.getByRole('heading', { name: 'What this link allows' }).waitFor();
  assert.equal((await world.read('anna')).status?.uses, 1);
  const other = await (await browserFor(t)).context.newPage();
  await other.goto(`${origin}/l#${code}`);
  await other.getByRole('heading', { name: 'This link does not work' }).waitFor();
  await other.getByText('used as often as it may be').waitFor();
  assert.deepEqual(complaints, []);
});

test('lists follow changes, objects and logs are shown as text', {
  skip: browserSkip,
}, async (t) => {
  const all = await bench(t);
  const { world, page, workloads, complaints } = all;
  await open(all, await world.grant('anna', spec));
  await page.getByRole('link', { name: /^pods/ }).click();
  await page.getByRole('cell', { name: 'Running' }).waitFor();
  workloads.addPod('web-2');
  await page.getByRole('link', { name: 'web-2' }).waitFor();
  await page.getByRole('searchbox').fill('web-2');
  await page.getByText('1 of 2').waitFor();
  await picture(page, 'list');
  await page.getByRole('link', { name: 'web-2' }).click();
  await page.getByText('name: web-2').waitFor();
  assert.equal(await page.getByText('hidden').count(), 0);
  await page.getByRole('link', { name: 'Logs of web' }).click();
  await page.getByText('another line <b>not markup</b>').waitFor();
  assert.equal(await page.locator('.log b').count(), 0);
  await picture(page, 'logs');
  await page.goBack();
  await until(() => !workloads.open.has('log'), 'the log stream ends with its view');
  assert.deepEqual(complaints, []);
});

test('a terminal runs, and ends when access is revoked', { skip: browserSkip }, async (t) => {
  const all = await bench(t);
  const { world, page, workloads, complaints } = all;
  await open(all, await world.grant('anna', spec));
  await page.getByRole('link', { name: /^pods/ }).click();
  await page.getByRole('link', { name: 'web-1' }).click();
  await page.getByRole('link', { name: 'Terminal in web' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  await page.keyboard.type('hello there');
  await until(() => workloads.typed.join('') === 'hello there', 'typed text reaches the shell');
  await picture(page, 'terminal');
  for (const height of [760, 600, 760]) {
    await page.setViewportSize({ width: 1100, height });
    const isInView = async (): Promise<boolean> =>
      page.evaluate(
        'document.querySelector(".xterm-screen").getBoundingClientRect().bottom <= innerHeight',
      );
    await until(isInView, `all rows in a window of ${height}`);
  }
  await page.keyboard.type(' exit');
  await page.getByText('ended', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Open again' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  await world.revoke('anna');
  await until(() => !workloads.open.has('exec'), 'the shell is cut', 5000);
  await page.getByRole('heading', { name: 'Access has ended' }).waitFor();
  await picture(page, 'ended');
  assert.deepEqual(complaints, []);
});

for (const viewOnly of [false, true]) {
  const number = viewOnly ? 8 : 7;
  const title = viewOnly
    ? 'gateway acceptance 8: a view-only screen gets no keys'
    : 'gateway acceptance 7: a screen shows and takes keys';
  test(title, { skip: browserSkip }, async (t) => {
    const all = await bench(t);
    const { world, page, workloads, complaints } = all;
    await open(all, await world.grant('anna', { ...spec, viewOnly }));
    await page.getByRole('link', { name: /^virtualmachineinstances/ }).click();
    await page.getByRole('link', { name: 'vm' }).click();
    await page.getByRole('link', { name: 'Screen' }).click();
    await page.getByText(viewOnly ? 'live, view only' : 'live', { exact: true }).waitFor();
    const pixel = (): Promise<number[]> =>
      page.evaluate(
        `[...document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data].slice(0, 3)`,
      );
    await until(async () => (await pixel()).join() === screenColour.join(), 'the screen is drawn');
    await picture(page, `screen-${number}`);
    await page.locator('canvas').click();
    await page.keyboard.press('a');
    if (viewOnly) {
      // A second round trip: what was sent before would have come.
      await page.waitForTimeout(500);
      assert.deepEqual(workloads.screenEvents, []);
    } else {
      await until(() => workloads.screenEvents.includes(4), 'the key reaches the machine');
    }
    assert.deepEqual(complaints, []);
  });
}

test('a link that waits for approval says so, and opens by itself once it is given', {
  skip: browserSkip,
}, async (t) => {
  const all = await bench(t);
  const { world, page, origin, complaints } = all;
  await grantTo(world.api, 'ann', 'system:serviceaccount:default:ann', [
    { apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'], verbs: ['approve'] },
  ]);
  const token = await tokenFor(world.api, 'ann');
  const code = await world.grant('anna', { ...spec, approval: { required: 1 } });
  await page.goto(`${origin}/l#${code}`);
  await page.getByRole('heading', { name: 'This link does not work yet' }).waitFor();
  await page.getByText('The grant waits for 1 of 1 approval from anybody who may').waitFor();
  await picture(page, 'waits');
  const { uid } = (await world.read('anna')).metadata;
  const wish = { namespace: 'default', name: 'anna', uid, decision: 'approved' };
  const body = JSON.stringify(wish);
  assert.equal((await world.call('/gateway/v1/approvals', { token, body })).status, 201);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'What this link allows' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a gateway that does not answer is told, and the page recovers', {
  skip: browserSkip,
}, async (t) => {
  const all = await bench(t);
  const { world, page, context, complaints } = all;
  await open(all, await world.grant('anna', spec));
  const away = page.getByText('The gateway cannot be reached');
  await context.setOffline(true);
  await away.first().waitFor();
  await picture(page, 'away');
  await context.setOffline(false);
  await page.locator('#away').waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: /^pods/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test('what is open by labels is listed by them, and what cannot be listed is asked by name', {
  skip: browserSkip,
}, async (t) => {
  const world = await gatewayWorld(t);
  const browser = await browserFor(t);
  const page = await browser.context.newPage();
  const all = { page, origin: `https://localhost:${world.gateway.port}` };
  for (const name of ['web', 'other']) {
    const labels = name === 'web' ? { app: 'web' } : {};
    await world.client.create(configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name, labels },
      data: { [`in-${name}`]: 'x' },
    });
  }
  const maps = { apiGroups: [''], resources: ['configmaps'], namespaces: ['default'] };
  const reading = ['get', 'list', 'watch'];
  const labelled = [{ ...maps, verbs: reading, selectors: ['app=web'] }];
  await open(all, await world.grant('labelled', { rules: labelled }));
  await page.getByText('with labels app=web').waitFor();
  assert.equal(await page.getByRole('button', { name: /terminals/ }).count(), 0);
  await page.getByRole('link', { name: /^configmaps/ }).click();
  await page.getByRole('link', { name: 'web' }).click();
  await page.getByText('in-web: x').waitFor();
  assert.equal(await page.getByText('in-other').count(), 0);

  await open(all, await world.grant('known', { rules: [{ ...maps, verbs: ['get'] }] }));
  await page.getByRole('textbox', { name: 'Name in configmaps' }).fill('other');
  await page.keyboard.press('Enter');
  await page.getByText('in-other: x').waitFor();
  assert.deepEqual(browser.complaints, []);
});

test('time runs out in sight, and leaving ends the session', { skip: browserSkip }, async (t) => {
  const all = await bench(t);
  const { world, page } = all;
  await open(all, await world.grant('brief', { ...spec, expirationWindow: '6s' }));
  assert.match(await page.getByRole('timer').innerText(), /^\d s$/);
  await page.getByRole('heading', { name: 'Time is over' }).waitFor();
  await open(all, await world.grant('anna', { ...spec, usesAllowed: 2 }));
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'You have left' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'No access here' }).waitFor();
});

test('gateway acceptance 55: the console talks to its own origin, whatever the address says', {
  skip: browserSkip,
}, async (t) => {
  const all = await bench(t);
  const { world, page, origin } = all;
  const asked = new Set<string>();
  page.on('request', (request) => asked.add(new URL(request.url()).origin));
  page.on('websocket', (socket) => asked.add(new URL(socket.url()).origin.replace('wss', 'https')));
  await open(all, await world.grant('anna', spec));
  const { hash } = new URL(page.url());
  const vm = `${hash}/screen/kubevirt.io/v1/virtualmachineinstances/shop/vm`;
  await page.goto(`${origin}/?host=evil.example&port=443&path=x&token=y${vm}`);
  await page.getByText('live', { exact: true }).waitFor();
  assert.deepEqual([...asked], [origin]);
});

test('a phone in the dark shows everything without scrolling sideways', {
  skip: browserSkip,
}, async (t) => {
  const all = await bench(t);
  const { world, page } = all;
  await page.setViewportSize({ width: 390, height: 800 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(all, await world.grant('anna', spec));
  const wide = (): Promise<boolean> =>
    page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  assert.equal(await wide(), false);
  await picture(page, 'phone');
  await page.getByRole('link', { name: /^pods/ }).click();
  await page.getByRole('cell', { name: 'Running' }).waitFor();
  assert.equal(await wide(), false);
  // The heading has the focus, so that readers begin there.
  const focused = await page.evaluate('document.activeElement.textContent');
  assert.equal(focused, 'pods');
});

test('people log in by a button, see who they are, come back to their view, and log out', {
  skip: browserSkip,
}, async (t) => {
  const port = await freePort();
  const provider = await oidcProvider(t);
  const rules = JSON.stringify([
    { groups: ['dev'], rules: spec.rules, connect: spec.connect, sessionMax: '1h' },
  ]);
  const all = await bench(t, {
    port,
    login: {
      issuer: provider.issuer,
      ca: provider.ca,
      clientId: oidcClient.id,
      clientSecret: new Secret(oidcClient.secret),
      scopes: [],
      groupsClaim: 'groups',
      prefix: 'oidc:',
      publicUrl: `https://localhost:${port}`,
      namespace: 'default',
      rules: parseLoginRules(rules),
    },
  });
  const { page, origin, complaints, world } = all;
  await page.goto(`${origin}/#000000000000/list//v1/pods/shop`);
  await page.getByRole('heading', { name: 'No access here' }).waitFor();
  await picture(page, 'login');
  // By keyboard alone.
  await page.getByRole('link', { name: 'Log in' }).press('Enter');
  await page.getByRole('cell', { name: 'Running' }).waitFor();
  await page.getByLabel('Logged in as alice').waitFor();
  assert.match(new URL(page.url()).hash, /^#[0-9a-f]{12}\/list\/\/v1\/pods\/shop$/);
  assert.equal(await page.getByRole('button', { name: 'Leave' }).isVisible(), false);
  await picture(page, 'logged-in');
  await page.goto(`${origin}/`);
  await page.getByRole('heading', { name: 'What you may do' }).waitFor();
  // Something that waits for this person.
  await grantTo(world.api, 'alice', 'oidc:alice', [
    { apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'], verbs: ['approve'] },
  ]);
  await world.grant('debug', { ...spec, recording: 'always', approval: { required: 1 } });
  await page.reload();
  await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor();
  for (const [name, width, colorScheme] of [
    ['logged-in-light', 1100, 'light'],
    ['logged-in-dark', 1100, 'dark'],
    ['logged-in-phone', 390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 760 });
    await page.emulateMedia({ colorScheme });
    await picture(page, name, true);
    const wide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await page.evaluate(wide), false, name);
  }
  await page.getByLabel('Why (kept with the grant)').fill('incident 4711');
  await page.getByRole('button', { name: 'Approve debug' }).press('Enter');
  await page.locator('.panel').getByText('You approved debug: it can be used now.').waitFor();
  const [approval] = (await world.read('debug')).status?.approvals ?? [];
  assert.deepEqual([approval?.name, approval?.reason], ['oidc:alice', 'incident 4711']);
  // A link beside the login: two sessions, by their names.
  const second = await all.context.newPage();
  await second.goto(`${origin}/l#${await world.grant('anna', spec)}`);
  await second.getByRole('button', { name: 'Continue' }).click();
  await second.getByRole('heading', { name: 'What this link allows' }).waitFor();
  assert.equal(await second.getByRole('link', { name: 'Log in' }).isVisible(), false);
  await second.goto('about:blank');
  await second.goto(`${origin}/`);
  await second.getByRole('link', { name: 'Logged in as alice' }).waitFor();
  await page.getByRole('link', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(`${provider.issuer}/logout**`);
  await page.goto(`${origin}/`);
  // The link's session stays, and offers the login.
  await page.getByRole('heading', { name: 'What this link allows' }).waitFor();
  await page.getByRole('link', { name: 'Log in' }).waitFor();
  assert.deepEqual(complaints, []);
});
