/** What is told of an object that does not become ready. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonNot } from '../../src/cli/api/status.ts';

const grant = (message: string, conditions: readonly object[]) => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'AccessGrant',
  metadata: { name: 'west' },
  status: { status: 'Pending', message, conditions },
});
const pending = { type: 'Ready', status: 'False', reason: 'Pending', message: 'Pending' };
const processed = { type: 'Processed', status: 'True', reason: 'Ready', message: 'All is read' };

for (const [what, message, conditions, expected] of [
  [
    'the condition that says more than Pending',
    'Pending',
    [processed, pending, { ...pending, type: 'Redeemable', message: 'no address yet' }],
    'no address yet',
  ],
  ['Pending when no condition says more', 'Pending', [processed, pending], 'Pending'],
  [
    'the message of the status when there is one',
    'Not operational',
    [{ ...pending, message: 'less' }],
    'Not operational',
  ],
  ['nothing when all is well', 'OK', [pending], ''],
] as const) {
  test(`the reason of an object that waits is ${what}`, () => {
    assert.equal(reasonNot(grant(message, conditions), 'ready'), expected);
  });
}
