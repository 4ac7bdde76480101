import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessGrant } from '#apis/index.ts';
import { earlierRedemption, useOf, withRedemptions, withUse } from '#grants/grant-use.ts';
import { HttpError } from '#http/index.ts';
import { stageOfFault, stageOfRefusal } from '#grants/token/failure-stage.ts';

const nowMs = Date.UTC(2030, 0, 1);
const at = '2030-01-01T00:00:00Z';

function grantOf(
  allowed: number,
  redemptions: number,
  expirationTime = '2030-01-01T00:15:00Z',
  conditions: Partial<Record<string, 'False' | 'True'>> = { Processed: 'True', Resolved: 'True' },
): AccessGrant {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'g', namespace: 'west' },
    spec: { redemptionsAllowed: allowed },
    status: {
      redemptions,
      expirationTime,
      conditions: Object.entries(conditions).map(([type, status = 'True']) => ({
        type,
        status,
        reason: 'x',
        message: 'said',
        lastTransitionTime: at,
      })),
    },
  };
}

test('a grant says in words what has become of it', () => {
  for (const [grant, status, reason, message] of [
    [grantOf(2, 0), 'True', 'Unused', 'unused'],
    [grantOf(2, 1), 'True', 'PartlyUsed', '1 of 2 used'],
    [grantOf(2, 2), 'False', 'UsedUp', 'used up: 2 of 2 used'],
    [grantOf(-1, 0), 'False', 'UsedUp', 'used up: it allows no redemption'],
    [grantOf(2, 0, at), 'False', 'Expired', 'expired: unused'],
    [grantOf(2, 1, at), 'False', 'Expired', 'expired: 1 of 2 used'],
    [grantOf(2, 0, at, { Processed: 'False' }), 'False', 'Refused', 'refused: said'],
    [
      grantOf(2, 0, undefined, { Processed: 'True', Resolved: 'False' }),
      'False',
      'Pending',
      'the grant server has no address yet',
    ],
  ] as const) {
    assert.deepEqual(useOf(grant, nowMs), { status, reason, message });
  }
  const told = withUse(grantOf(2, 1), nowMs);
  assert.equal(told.status?.status, undefined, 'the columns stay what they are');
});

test('redemptions are counted with who made them, the latest fifty', () => {
  const made = (index: number) => ({
    tokenName: `t${index}`,
    siteId: 's',
    client: '10.0.0.1',
    serialNumber: `${index}`,
    issuedLink: `l${index}`,
    request: `r${index}`,
  });
  let grant = grantOf(100, 0);
  for (let index = 0; index < 60; index += 2) {
    grant = withRedemptions(grant, [made(index), made(index + 1)], nowMs);
  }
  assert.equal(grant.status?.redemptions, 60);
  assert.equal(grant.status.redeemedBy?.length, 50);
  assert.equal(grant.status.redeemedBy.at(-1)?.tokenName, 't59');
  assert.equal(grant.status.redeemedBy[0]?.time, at);
  assert.deepEqual(earlierRedemption(grant, 'r30'), made(30));
  assert.equal(earlierRedemption(grant, 'r3'), undefined);
  assert.equal(earlierRedemption(grant, undefined), undefined);
});

test('each failure of a redemption names its stage and a way out', () => {
  const fault = (code: ConstructorParameters<typeof HttpError>[0], system = '') =>
    stageOfFault(new HttpError(code, 'm', { facts: { code: system } }));
  for (const [[stage, fix], wanted, hint] of [
    [fault('HTTP_CONNECT_FAILED', 'ENOTFOUND'), 'DNS', /resolver/],
    [fault('HTTP_CONNECT_FAILED', 'EAI_AGAIN'), 'DNS', /resolver/],
    [fault('HTTP_CONNECT_FAILED', 'ECONNREFUSED'), 'TCP', /port/],
    [fault('HTTP_TIMEOUT'), 'TCP', /firewalls/],
    [fault('HTTP_CONNECT_FAILED', 'EPROTO'), 'TLS', /TLS 1\.3/],
    [fault('HTTP_TLS_UNTRUSTED', 'CERT_NOT_YET_VALID'), 'TLS', /clock/],
    [fault('HTTP_TLS_UNTRUSTED', 'ERR_TLS_CERT_ALTNAME_INVALID'), 'TLS', /--advertise/],
    [fault('HTTP_TLS_UNTRUSTED', 'SELF_SIGNED_CERT_IN_CHAIN'), 'TLS', /ca of the token/],
    [fault('HTTP_BODY_TOO_LARGE'), 'HTTP', /whole/],
    [stageOfRefusal(403, 'Redemption of access token refused'), 'code', /new token/],
    [stageOfRefusal(403, 'Access was revoked'), 'code', /revoked/],
    [stageOfRefusal(404, 'No such claim'), 'expiry', /expired or was deleted/],
    [stageOfRefusal(404, 'No such access granted'), 'expiry', /used up/],
    [stageOfRefusal(400, "Can't create connection to self with token"), 'Link', /other|one/],
    [stageOfRefusal(429, 'Too many attempts'), 'HTTP', /by itself/],
    [stageOfRefusal(500, 'No valid endpoints found for site'), 'HTTP', /AccessGrant/],
    [stageOfRefusal(302, 'elsewhere'), 'HTTP', /grant server/],
  ] as const) {
    assert.equal(stage, wanted);
    assert.match(fix, hint);
  }
});
