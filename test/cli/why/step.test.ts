/** A path is followed to its first fault, past what may not be looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClientError } from '#kubeclient/index.ts';
import { fault, follow, note, ok, type Step } from '../../../src/cli/why/step.ts';

type Context = { readonly log: string[] };
const step =
  (...findings: ReturnType<typeof ok>[]): Step<Context> =>
  async ({ log }) => {
    log.push(findings.map(({ step: name }) => name).join());
    return findings;
  };

test('the first fault ends the path and is the cause', async () => {
  const log: string[] = [];
  const bad = fault('b', 'broken', 'Mend it:', '  mend');
  const told = await follow({ log }, [step(ok('a', 'well')), step(bad, ok('c', 'x')), step()]);
  assert.deepEqual(log, ['a', 'b,c']);
  assert.deepEqual(told, { healthy: false, steps: [ok('a', 'well'), bad], cause: bad });
});

test('without a fault it is healthy, whatever was noted', async () => {
  const told = await follow({ log: [] }, [step(), step(note('a', 'unknown')), step(ok('b', 'x'))]);
  assert.deepEqual(told, { healthy: true, steps: [note('a', 'unknown'), ok('b', 'x')] });
});

test('what may not be looked at is noted, other faults of the API end it', async () => {
  const denied: Step<Context> = async () => {
    throw new KubeClientError('KUBE_FORBIDDEN', 'secrets is forbidden', { status: 403 });
  };
  const told = await follow({ log: [] }, [denied, denied, step(ok('b', 'x'))]);
  const once = note('access', 'may not look: secrets is forbidden');
  assert.deepEqual(told.steps, [once, ok('b', 'x')]);
  const away: Step<Context> = async () => {
    throw new KubeClientError('KUBE_UNREACHABLE', 'no answer');
  };
  await assert.rejects(follow({ log: [] }, [away]), { code: 'KUBE_UNREACHABLE' });
});
