/** What is said while a verb waits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runCli } from '#cli/index.ts';
import { apiServerFor } from '../support/api-server.ts';
import { cli } from '../support/up-cli.ts';

async function waitForLink(
  t: TestContext,
  interactive: boolean,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { kubeconfig } = await apiServerFor(t);
  const at = ['--kubeconfig', kubeconfig, '-n', 'east'];
  const site = ['site', 'create', 'east', '--create-namespace', '--wait', 'none'];
  assert.equal((await cli([...at, ...site])).code, 0);
  let [stdout, stderr] = ['', ''];
  const code = await runCli([...at, 'link', 'status', '--wait', '3', '-o', 'json'], {
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    readStdin: async () => '',
    env: {},
    homeDir: '/nonexistent',
    version: '1',
    interactive,
    columns: 30,
  });
  return { code, stdout, stderr };
}

test('without a terminal each change is a line, and standard output stays empty', async (t) => {
  const { code, stdout, stderr } = await waitForLink(t, false);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^waiting: there is no link yet\ndrawbridge: There is no link\n/);
  assert.ok(!stderr.includes('\r'));
  assert.ok(!stderr.includes('\u001B'));
});

test('on a terminal there is a spinner as wide as it, which goes before anything else is said', async (t) => {
  const { code, stdout, stderr } = await waitForLink(t, true);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  const erase = '\r\u001B[K';
  const drawn = stderr.slice(0, stderr.lastIndexOf(erase)).split(erase).slice(1);
  assert.ok(drawn.length > 10, stderr);
  for (const line of drawn) {
    assert.match(line, /^[|/\\-] waiting: there is no link/);
    assert.ok(line.length < 30);
  }
  const after = stderr.slice(stderr.lastIndexOf(erase) + erase.length);
  assert.match(after, /^drawbridge: There is no link\n/);
});
