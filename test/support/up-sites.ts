/** Two linked sites in one `up`, made with the command line as a user would. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Finished } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';
import type { Up } from './up-process.ts';

/** Standard output of a command that must succeed. */
export function succeeded(finished: Finished): string {
  const { code, signal, stdout, stderr } = finished;
  assert.equal(code, 0, `exit ${code ?? signal}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`);
  return stdout;
}

/** Site west, which takes links, and site east, which redeems a token of west. */
export async function linkWestAndEast(up: Up): Promise<void> {
  const token = join(up.home, 'token.yaml');
  succeeded(
    await up.cli(
      'site',
      'create',
      'west',
      '-n',
      'west',
      '--create-namespace',
      '--enable-link-access',
    ),
  );
  succeeded(await up.cli('site', 'create', 'east', '-n', 'east', '--create-namespace'));
  succeeded(await up.cli('token', 'issue', token, '-n', 'west'));
  succeeded(await up.cli('token', 'redeem', token, '-n', 'east'));
  await linkReady(up);
}

/** Waits until the only link of a namespace is Ready. */
export async function linkReady(up: Up, namespace = 'east', deadlineMs?: number): Promise<void> {
  await waitUntil(
    `a Ready link in ${namespace}`,
    async () => {
      const items = await listOf(up, 'link', namespace);
      assert.equal(items.length, 1);
      assert.equal(items[0]?.status?.status, 'Ready', JSON.stringify(items[0]?.status));
      return true;
    },
    {
      describe: () => up.process.describe(),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    },
  );
}

/** What tests look at in a listed object. */
export interface Listed {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status?: { readonly status?: string; readonly remoteSiteName?: string };
}

/** Objects of a kind as `drawbridge KIND status -o json` lists them. */
export async function listOf(
  up: Up,
  kind: 'link' | 'listener' | 'connector',
  namespace: string,
): Promise<Listed[]> {
  const text = succeeded(await up.cli(kind, 'status', '-o', 'json', '-n', namespace));
  return (JSON.parse(text) as { items: Listed[] }).items;
}

/** An HTTP server on loopback that answers everything with `text`. */
export async function startHello(
  t: Pick<TestContext, 'after'>,
  text: string,
): Promise<{ readonly port: number }> {
  const server = createServer((_request, response) => {
    response.end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Offers `targetPort` of west at a port of loopback in east, and gives that port. */
export async function exposeInEast(up: Up, name: string, targetPort: number): Promise<number> {
  const port = await freePort();
  const connector = ['connector', 'create', name, String(targetPort), '--host', '127.0.0.1'];
  const listener = ['listener', 'create', name, String(port), '--host', '127.0.0.1'];
  succeeded(await up.cli(...connector, '-n', 'west'));
  succeeded(await up.cli(...listener, '-n', 'east', '--wait', 'ready'));
  return port;
}

/** Waits until a URL answers with the text. */
export async function answers(
  up: Up,
  url: string,
  text: string,
  deadlineMs?: number,
): Promise<void> {
  await waitUntil(
    `${url} to answer "${text}"`,
    async () => {
      // A connection of its own each time: a kept one could hide that new ones fail.
      const response = await fetch(url, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(5000),
      });
      assert.equal((await response.text()).trim(), text);
      return true;
    },
    {
      describe: () => up.process.describe(),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    },
  );
}
