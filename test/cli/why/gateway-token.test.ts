/** `why gatewaytoken/NAME`: what a grant waits for, or why it does not work, against a real gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayToken } from '#apis/index.ts';
import { announce } from '#gateway/index.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';
import { until } from '../../support/until.ts';
import { cli } from '../../support/up-cli.ts';

const rules = [{ verbs: ['get'], resources: ['pods'], namespaces: ['default'] }];

test('why tells of a grant what it waits for, and the one thing that is wrong with it', async (t) => {
  const world = await gatewayWorld(t);
  const why = async (target: string) => {
    const words = ['--kubeconfig', world.api.kubeconfig, '-n', 'default', 'why', target];
    const { code, stdout, stderr } = await cli([...words, '-o', 'json']);
    assert.ok(code === 0 || code === 1, stderr);
    const told = JSON.parse(stdout);
    return { code, cause: told.cause, text: (await cli(words)).stdout };
  };
  const settled = async (name: string, word: string): Promise<void> => {
    await until(
      async () => (await world.read(name)).status?.message?.startsWith(word) === true,
      `the status of ${name}`,
    );
  };
  await world.grant('good', { rules });
  await settled('good', 'OK');
  const good = await why('gt/good');
  assert.equal(good.code, 0, good.text);
  assert.match(good.text, /opens: get pods in default/);

  const from = [{ kind: 'Group' as const, name: 'ops' }];
  await world.grant('waits', { rules, approval: { required: 2, from } });
  await settled('waits', 'Waits');
  const waits = await why('gatewaytoken.drawbridge.dev/waits');
  assert.equal(waits.cause.step, 'approval');
  assert.match(waits.cause.detail, /^Waits for 2 of 2 approvals from Group ops$/);
  assert.match(waits.text, /drawbridge gateway approve waits -n default/);

  await world.grant('revoked', { rules });
  await world.revoke('revoked');
  await settled('revoked', 'Revoked');
  assert.equal((await why('gatewaytoken/revoked')).cause.step, 'end');

  await world.grant('early', { rules, notBefore: '2999-01-01T00:00:00Z' });
  await settled('early', 'OK');
  const early = await why('gatewaytokens/early');
  assert.match(early.cause.detail, /it begins at 2999-01-01T00:00:00/);

  const metadata = { name: 'bare', namespace: 'default' };
  const apiVersion = 'drawbridge.dev/v1alpha1';
  await world.client.create(gatewayToken, {
    apiVersion,
    kind: 'GatewayToken',
    metadata,
    spec: { rules },
  });
  await settled('bare', 'Has no code');
  const bare = await why('gatewaytoken/bare');
  assert.equal(bare.cause.step, 'code');
  assert.match(bare.text, /drawbridge gateway link bare -n default/);

  const missing = await why('gatewaytoken/none');
  assert.match(missing.cause.detail, /there is no grant none in namespace default/);

  const { ca } = world.api.files;
  await announce(world.client, 'drawbridge-system', { url: world.gateway.origin, ca });
  assert.match((await why('gatewaytoken/good')).text, /https:.* answers/);
  await world.gateway.stop({ graceMs: 0 });
  const gone = await why('gatewaytoken/good');
  assert.deepEqual([gone.cause.step, gone.code], ['gateway', 1]);
});
