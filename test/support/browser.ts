/** A real browser for tests: Debian's Chromium, one named by CHROMIUM, or none. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const candidates = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'];
const executablePath = candidates.find((path) => path !== undefined && existsSync(path));

/** Reason why no browser can be had; false when one can. */
export const browserSkip: string | false =
  executablePath === undefined
    ? 'no browser found: install chromium, or name one with CHROMIUM'
    : false;

/** Nothing of the browser's own goes to the network. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  readonly context: BrowserContext;
  /** What pages complained about: errors and everything their policy refused. */
  readonly complaints: string[];
}

export async function browserFor(t: TestContext): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: flags });
  t.after(() => browser.close());
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1100, height: 760 },
  });
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (line) => {
    if (/Content Security Policy|TrustedHTML|Trusted Type/.test(line.text())) {
      complaints.push(line.text());
    }
  });
  return { context, complaints };
}

/** Keeps a picture when SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}
