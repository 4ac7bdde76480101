/** What people do with kubectl, line by line, with every kubectl that this machine has. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubernetesAssets } from '../support/kubernetes.ts';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess } from '../support/process-runner.ts';
import { type Capability, type Target, targetFor, targetSkip } from './target.ts';

/** The oldest that knows every flag and condition the lines use. */
const minorMin = 31;

/** Lines that need what not every target has. */
const needs: Readonly<Record<string, Capability>> = {
  '40': 'gc',
  '41': 'gc',
  '63': 'gc',
  '50': 'nsLifecycle',
  '49': 'deployments',
};

const prelude = String.raw`
K(){ kubectl -n "$N" "$@"; }
L(){ printf 'apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: %s}\nspec: {routingKey: %s, host: %s, port: %s}\n' "$1" "$1" "$1" "$2"; }
J(){ K get "$1" -o jsonpath="$2"; }
fails(){ local re="$1"; shift; local o; o=$("$@" 2>&1) && { echo "expected failure: $o"; return 1; }; grep -qE "$re" <<<"$o" || { echo "got: $o"; return 1; }; }
`;

interface Line {
  readonly number: string;
  readonly command: string;
}

function linesOf(file: string): Line[] {
  return readFileSync(fileURLToPath(new URL(`lines/${file}`, import.meta.url)), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ number: line.slice(0, 2), command: line.slice(4) }));
}

/** The one of this machine and, where it was built, the newest. */
function clients(): string[] {
  const newest = kubernetesAssets === undefined ? '' : join(kubernetesAssets, 'kubectl');
  return [kubectlPath ?? 'kubectl', ...(existsSync(newest) ? [newest] : [])];
}

async function versionOf(kubectl: string): Promise<{ minor: number; text: string }> {
  const { stdout } = await runProcess(kubectl, ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(stdout) as {
    clientVersion: { minor: string; gitVersion: string };
  };
  return { minor: Number.parseInt(clientVersion.minor, 10), text: clientVersion.gitVersion };
}

interface Run {
  readonly target: Target;
  readonly kubectl: string;
  readonly namespace: string;
}

async function runLines(t: TestContext, run: Run, lines: readonly Line[]): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'drawbridge-kubectl-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  // The lines call kubectl by name, also behind timeout.
  writeFileSync(join(home, 'kubectl'), `#!/bin/sh\nexec '${run.kubectl}' "$@"\n`, { mode: 0o755 });
  const env = {
    ...process.env,
    PATH: [home, process.env['PATH']].join(delimiter),
    HOME: home,
    KUBECONFIG: run.target.kubeconfig,
    N: run.namespace,
  };
  for (const { number, command } of lines) {
    const need = needs[number];
    const missing = need !== undefined && !run.target.has(need);
    const skip = missing ? `the target has no ${need}` : false;
    await t.test(`${number} ${command}`, { skip }, async () => {
      const script = `${prelude}\n${command}`;
      const { code, stdout, stderr } = await runProcess('bash', ['-c', script], { env });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
}

const skip = targetSkip || kubectlSkip;

test('kubectl finds everything it expects of an API server', { skip }, async (t) => {
  const target = await targetFor(t);
  for (const [index, kubectl] of clients().entries()) {
    const { minor, text } = await versionOf(kubectl);
    const old = minor < minorMin ? `kubectl 1.${minor} is older than 1.${minorMin}` : false;
    await t.test(`kubectl ${text}`, { skip: old }, async (inner) => {
      const namespace = `acceptance-${index}`;
      await runLines(inner, { target, kubectl, namespace }, linesOf('shared.txt'));
    });
  }
});

const notEmbedded = (process.env['TARGET'] ?? 'embedded') !== 'embedded';
const ownSkip = kubectlSkip || (notEmbedded && 'only the embedded server answers so');

test('kubectl is told what the embedded server does not have', { skip: ownSkip }, async (t) => {
  const target = await targetFor(t);
  const run = { target, kubectl: kubectlPath ?? 'kubectl', namespace: 'own' };
  await runLines(t, run, linesOf('embedded.txt'));
});

test('a kubeconfig for every namespace works as it is', { skip: ownSkip }, async (t) => {
  const target = await targetFor(t);
  const env = { ...process.env, KUBECONFIG: target.kubeconfig };
  const kubectl = (...args: string[]) => runProcess(kubectlPath ?? 'kubectl', args, { env });
  assert.equal((await kubectl('create', 'namespace', 'west')).code, 0);
  const made = await kubectl('--context', 'drawbridge-west', 'create', 'configmap', 'here');
  assert.equal(made.code, 0, made.stderr);
  const found = await kubectl(
    'get',
    'configmaps',
    '-A',
    '-o',
    'jsonpath={.items[?(@.metadata.name=="here")].metadata.namespace}',
  );
  assert.equal(found.stdout, 'west');
});
