/** The procedure of seed 000 with an older kubectl, such as the one Debian ships (1.20). */
import { test } from 'node:test';
import { startUp } from '../support/up-process.ts';
import { walkSeed000 } from '../support/up-seed-000.ts';

const old = process.env['KUBECTL_OLD'];
const skip = old === undefined ? 'KUBECTL_OLD does not name an older kubectl' : false;

test('an older kubectl links sites too', { skip }, async (t) => {
  const up = await startUp(t, {});
  await walkSeed000(up, old ?? 'kubectl');
});
