/** What the entries of the login rules come to, together, for one person. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayToken } from '#apis/index.ts';
import { openedFor, parseLoginRules } from '#gateway/login/login-rules.ts';
import { parseTarget } from '#gateway/request/target.ts';
import { GrantRules } from '#gateway/rules/decide.ts';

type Streams = NonNullable<GatewayToken['spec']['connect']>;

const never = { protectedNamespaces: new Set<string>(), nodesProxy: false };

const entries = parseLoginRules(`
- groups: [readers]
  rules: [{ verbs: [get, list], resources: [pods], namespaces: [prod] }]
  connect: [log]
- groups: [developers]
  rules:
    - { verbs: ['*'], resources: [pods], namespaces: [dev] }
    - { verbs: [create], resources: [pods], namespaces: [dev], resourceNames: [db], connect: [exec] }
    - { verbs: ['*'], resources: [pods], namespaces: [dev], resourceNames: [vault], effect: deny }
  connect: [exec, log]
`);

/** Says whether a person of these groups may. */
function mayFor(...groups: string[]): (method: string, path: string) => boolean {
  const rules = new GrantRules(openedFor({ name: 'p', groups }, entries) ?? {}, never);
  return (method, path) => rules.decide(method, parseTarget(`/api/v1/namespaces/${path}`)).allowed;
}

test('the streams of one entry are not for the rules of another', () => {
  const may = mayFor('readers', 'developers');
  assert.equal(may('GET', 'prod/pods/p'), true);
  assert.equal(may('GET', 'prod/pods/p/log'), true);
  for (const method of ['GET', 'POST']) {
    assert.equal(may(method, 'dev/pods/p/exec?command=sh'), true, method);
    assert.equal(may(method, 'prod/pods/p/exec?command=sh'), false, method);
    assert.equal(may(method, 'dev/pods/vault/exec?command=sh'), false, method);
  }
  assert.equal(may('GET', 'prod/pods/p/attach'), false);
});

test('one entry alone opens what it says', () => {
  const may = mayFor('developers');
  assert.equal(may('POST', 'dev/pods/p/exec?command=sh'), true);
  assert.equal(may('GET', 'prod/pods/p'), false);
  const { rules, connect } = openedFor({ name: 'p', groups: ['developers'] }, entries) ?? {};
  assert.deepEqual(rules, entries[1]?.rules);
  assert.deepEqual(connect, ['exec', 'log']);
});

test('a rule of a grant opens no more of its streams than it says', () => {
  const rule = { verbs: ['get', 'create'], resources: ['pods'] };
  const decided = (connect: Streams, own?: Streams): readonly boolean[] => {
    const rules = new GrantRules(
      { rules: [own === undefined ? rule : { ...rule, connect: own }], connect },
      never,
    );
    return ['exec', 'log'].map(
      (what) => rules.decide('GET', parseTarget(`/api/v1/namespaces/n/pods/p/${what}`)).allowed,
    );
  };
  assert.deepEqual(decided(['exec', 'log']), [true, true]);
  assert.deepEqual(decided(['exec', 'log'], ['log']), [false, true]);
  assert.deepEqual(decided(['exec', 'log'], []), [false, false]);
  assert.deepEqual(decided(['log'], ['exec', 'log']), [false, true]);
});
