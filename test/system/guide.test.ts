/**
 * The pages of docs/guide do what they say: their fenced `bash` blocks are run in order, each page
 * against an `up` of its own, from a folder that has ./bin/drawbridge as a checkout has.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { launcher, startUp } from '../support/up-process.ts';

const pages = [
  'approval',
  'certificates',
  'first-steps',
  'high-availability',
  'linking',
  'migrating-from-skupper',
  'revocation',
  'tokens',
  'troubleshooting',
];

/** The code of the fenced `bash` blocks. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```bash\n([^]*?)^```$/gm)].map(([, code = '']) => code);
}

/** Runs the blocks of a page. @returns how many */
async function runPage(t: TestContext, name: string): Promise<number> {
  const page = await readFile(new URL(`../../docs/guide/${name}.md`, import.meta.url), 'utf8');
  const up = await startUp(t, {});
  const cwd = join(up.home, 'work');
  await mkdir(cwd);
  await symlink(dirname(launcher), join(cwd, 'bin'));
  const path = `${dirname(kubectlPath ?? 'kubectl')}:${process.env['PATH'] ?? ''}`;
  const env = { ...up.env, PATH: path, KUBECONFIG: up.ready.kubeconfig };
  const blocks = blocksOf(page);
  for (const block of blocks) {
    // The instance runs already; its kubeconfig is elsewhere than the page says.
    const lines = block
      .split('\n')
      .filter((line) => line !== './bin/drawbridge up' && !line.startsWith('export KUBECONFIG='));
    const code = `cd '${cwd}'\n${lines.join('\n')}`;
    if (/^python3 -m http\.server/m.test(code)) {
      startProcess(t, 'bash', ['-c', code.replace('python3', 'exec python3')], { env });
      continue;
    }
    const finished = await runProcess('bash', ['-eo', 'pipefail', '-c', code], { env });
    assert.equal(finished.code, 0, `${block}\n${finished.stdout}\n${finished.stderr}`);
  }
  return blocks.length;
}

for (const name of pages) {
  test(`docs/guide/${name}.md does what it says`, { skip: kubectlSkip }, async (t) => {
    assert.ok((await runPage(t, name)) > 0, 'no block');
  });
}

test('blocks are found', () => {
  assert.deepEqual(blocksOf('a\n```bash\nb\nc\n```\n```text\nd\n```\n```bash\ne\n```\n'), [
    'b\nc\n',
    'e\n',
  ]);
});
