/** What people do with kubectl, line by line, against the embedded API. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess } from '../support/process-runner.ts';

/** The oldest that knows every flag and condition the lines use. */
const minorMin = 31;

const lines = readFileSync(
  fileURLToPath(new URL('../fixtures/kubectl/acceptance.txt', import.meta.url)),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '');

const prelude = String.raw`
K(){ kubectl -n "$N" "$@"; }
L(){ printf 'apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: %s}\nspec: {routingKey: %s, host: %s, port: %s}\n' "$1" "$1" "$1" "$2"; }
J(){ K get "$1" -o jsonpath="$2"; }
fails(){ local re="$1"; shift; local o; o=$("$@" 2>&1) && { echo "expected failure: $o"; return 1; }; grep -qE "$re" <<<"$o" || { echo "got: $o"; return 1; }; }
`;

async function clientMinor(): Promise<number> {
  const { stdout } = await runProcess(kubectlPath ?? 'kubectl', [
    'version',
    '--client',
    '-o',
    'json',
  ]);
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { minor: string } };
  return Number.parseInt(clientVersion.minor, 10);
}

test('kubectl finds everything it expects of an API server', { skip: kubectlSkip }, async (t) => {
  const minor = await clientMinor();
  if (minor < minorMin) {
    t.skip(`kubectl 1.${minor} is older than 1.${minorMin}`);
    return;
  }
  const api = await apiServerFor(t);
  const home = mkdtempSync(join(tmpdir(), 'drawbridge-kubectl-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  // The lines call kubectl by name, also behind timeout.
  writeFileSync(join(home, 'kubectl'), `#!/bin/sh\nexec '${kubectlPath}' "$@"\n`, { mode: 0o755 });
  const env = {
    ...process.env,
    PATH: [home, process.env['PATH']].join(delimiter),
    HOME: home,
    KUBECONFIG: api.kubeconfig,
    N: 'acceptance',
  };
  for (const line of lines) {
    const [number, command] = [line.slice(0, 2), line.slice(4)] as const;
    await t.test(`${number} ${command}`, async () => {
      const script = `${prelude}\n${command}`;
      const { code, stdout, stderr } = await runProcess('bash', ['-c', script], { env });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
});

test('a kubeconfig for every namespace works as it is', { skip: kubectlSkip }, async (t) => {
  const api = await apiServerFor(t);
  const env = { ...process.env, KUBECONFIG: api.kubeconfig };
  const kubectl = (...args: string[]) => runProcess(kubectlPath ?? 'kubectl', args, { env });
  assert.equal((await kubectl('create', 'namespace', 'west')).code, 0);
  const made = await kubectl('--context', 'drawbridge-west', 'create', 'configmap', 'here');
  assert.equal(made.code, 0, made.stderr);
  const found = await kubectl(
    'get',
    'configmaps',
    '-A',
    '-o',
    'jsonpath={.items[*].metadata.namespace}',
  );
  assert.equal(found.stdout, 'west');
});
