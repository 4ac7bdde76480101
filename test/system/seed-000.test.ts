/** The procedure of seed 000 with the kubectl of this machine. */
import { test } from 'node:test';
import { kubectlPath, kubectlSkip } from '../support/process-kubectl.ts';
import { startUp } from '../support/up-process.ts';
import { walkSeed000 } from '../support/up-seed-000.ts';

test('sites are linked with kubectl as the page says', { skip: kubectlSkip }, async (t) => {
  const up = await startUp(t, {});
  await walkSeed000(up, kubectlPath ?? 'kubectl');
});
