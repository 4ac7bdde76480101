/** Links in a real browser, through an installed gateway, before a real kube-apiserver. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { configMap } from '#kube/index.ts';
import { browserFor, browserSkip, picture } from '../support/browser.ts';
import { type InstalledGateway, installedGateway } from '../support/installed-gateway.ts';
import { buildNode, startNode } from '../support/kubelet.ts';
import { kubernetesSkip } from '../support/kubernetes.ts';
import { type PlayedKubevirt, playKubevirt } from '../support/played-kubevirt.ts';
import { screenColour } from '../support/played-screen.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

/** Makes a link, opens it, goes on. */
async function openLink(
  world: InstalledGateway,
  page: Page,
  ...wish: readonly string[]
): Promise<void> {
  const made = succeeded(await world.cli('gateway', 'link', ...wish, '--namespace=default'));
  await page.goto(made.trim());
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'What this link allows' }).waitFor();
}

const machine = [
  '--resource=virtualmachineinstances.kubevirt.io',
  '--resource=virtualmachineinstances.subresources.kubevirt.io',
  '--object=vm',
  '--connect=vnc',
];

test('links in a browser before a real kube-apiserver', {
  skip: kubernetesSkip || browserSkip,
}, async (t) => {
  const kubevirt = await playKubevirt(t, await temporaryFolder(t));
  const world = await installedGateway(t, {
    kubernetes: { apiServerArgs: kubevirt.apiServerArgs },
  });
  await kubevirt.register(world.kubernetes);
  await t.test('a link to a ConfigMap counts down, and ends when it is revoked', (s) =>
    settings(s, world),
  );
  const node = await buildNode();
  if ('path' in node) await startNode(t, node.path, world);
  await t.test(
    'logs and a terminal of a pod, which is cut',
    { skip: 'missing' in node && node.missing },
    (s) => pod(s, world),
  );
  await t.test(
    'gateway acceptance 7: a screen shows and takes keys, and ends with its grant',
    (s) => screen(s, world, kubevirt, false),
  );
  await t.test('gateway acceptance 8: a view-only screen gets no keys', (s) =>
    screen(s, world, kubevirt, true),
  );
  assert.doesNotMatch(world.gateway.stderr, /forbidden|is not allowed|cannot (?:get|list|create)/i);
});

async function settings(t: TestContext, world: InstalledGateway): Promise<void> {
  const { context, complaints } = await browserFor(t);
  const page = await context.newPage();
  const metadata = { name: 'settings', namespace: 'default' };
  const data = { colour: 'green' };
  await world.client.create(configMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  await openLink(world, page, 'reads', '--resource=configmaps', '--object=settings', '--for=5m');
  const left = (): Promise<string> => page.getByRole('timer').innerText();
  const first = await left();
  assert.match(first, /^(?:5 min 00|4 min \d\d) s$/);
  await page.getByRole('link', { name: /^settings/ }).click();
  await page.getByText('colour: green').waitFor();
  // Nothing leads to a list that the grant does not open.
  assert.equal(await page.getByRole('link', { name: 'configmaps' }).count(), 0);
  await until(async () => (await left()) !== first, 'the time to go on');
  await picture(page, 'cluster-settings');
  succeeded(await world.cli('gateway', 'revoke', 'reads', '--namespace=default'));
  await page.getByRole('heading', { name: 'Access has ended' }).waitFor();
  await picture(page, 'cluster-ended');
  assert.deepEqual(complaints, []);
}

async function pod(t: TestContext, world: InstalledGateway): Promise<void> {
  const { context, complaints } = await browserFor(t);
  const page = await context.newPage();
  await openLink(world, page, 'works', '--resource=pods', '--connect=exec,log');
  await page.getByRole('link', { name: /^pods/ }).click();
  await page.getByRole('link', { name: 'web' }).click();
  await page.getByRole('link', { name: 'Logs of main' }).click();
  await page.getByText('line 5 of default/web/main').waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'Terminal in main' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  await page.keyboard.type('echo $((40 + 2)) in $(stty size)');
  await page.keyboard.press('Enter');
  // As wide as the page is, not as terminals are that nobody told their size.
  const rows = page.locator('.xterm-rows');
  await rows.getByText(/^42 in (?!0 0|24 80)\d+ \d+/).waitFor();
  const box = await page.locator('.screen').boundingBox();
  const bottom = (box?.y ?? 0) + (box?.height ?? 0);
  assert.ok(bottom < (page.viewportSize()?.height ?? 0), 'all of it is in sight');
  await picture(page, 'cluster-terminal');
  await page.keyboard.type('exec sleep 600');
  await page.keyboard.press('Enter');
  succeeded(await world.cli('gateway', 'revoke', 'works', '--namespace=default'));
  await page.getByRole('heading', { name: 'Access has ended' }).waitFor();
  assert.deepEqual(complaints, []);
}

async function screen(
  t: TestContext,
  world: InstalledGateway,
  kubevirt: PlayedKubevirt,
  viewOnly: boolean,
): Promise<void> {
  const { context, complaints } = await browserFor(t);
  const page = await context.newPage();
  const name = viewOnly ? 'looks' : 'types';
  await openLink(world, page, name, ...machine, ...(viewOnly ? ['--view-only'] : []));
  await page.getByRole('link', { name: /^vm/ }).click();
  await page.getByRole('link', { name: 'Screen' }).click();
  await page.getByText(viewOnly ? 'live, view only' : 'live', { exact: true }).waitFor();
  const pixel = (): Promise<number[]> =>
    page.evaluate(
      `[...document.querySelector('canvas').getContext('2d').getImageData(5, 5, 1, 1).data].slice(0, 3)`,
    );
  await until(async () => (await pixel()).join() === screenColour.join(), 'the screen is drawn');
  await picture(page, `cluster-screen-${name}`);
  assert.equal(kubevirt.viewers.at(-1), `gw:link default/${name}`);
  kubevirt.screenEvents.length = 0;
  await page.locator('canvas').click();
  await page.keyboard.press('a');
  if (viewOnly) {
    // A second round trip: what was sent before would have come.
    await page.waitForTimeout(500);
    assert.deepEqual(kubevirt.screenEvents, []);
  } else {
    await until(() => kubevirt.screenEvents.includes(4), 'the key reaches the machine');
  }
  succeeded(await world.cli('gateway', 'revoke', name, '--namespace=default'));
  await until(() => kubevirt.open() === 0, 'the screen is cut');
  await page.getByRole('heading', { name: 'Access has ended' }).waitFor();
  assert.deepEqual(complaints, []);
}
