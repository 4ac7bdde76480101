/** The process with the flags of kube-gateway, as its manifests and shells have them. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { accountTokenIn } from '#app/gateway-process/account-token.ts';
import { httpsRequest } from '#http/index.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { answerText, recorderUpstream } from '../support/recorder-upstream.ts';
import { makeTlsParts } from '../support/tls-parts.ts';
import { launcher, temporaryFolder } from '../support/up-process.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

test('an API server below a path, whose certificate is not checked, gives its keys and its objects', async (t) => {
  const upstream = await recorderUpstream(t);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const data = { 'tls.crt': Buffer.from(pem).toString('base64') };
  upstream.answer = answerText('200 OK', JSON.stringify({ data }));
  const folder = await temporaryFolder(t);
  const { server } = await makeTlsParts();
  const files = { 'tls.crt': server.cert ?? '', 'tls.key': server.key ?? '', token: 'account\n' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  // No ca.crt is there: it is not looked for.
  const args = [
    'gateway',
    '--api-server',
    `${upstream.url.origin}/k8s/clusters/c-1/`,
    '-api-server-skip-verify-tls',
    '-gateway-listen=https://localhost:0',
  ];
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const running = startProcess(t, launcher, args, { env, cwd: folder });
  const [, origin = ''] = await waitUntil(
    'the gateway serves',
    () => /serves \S+ at (\S+)/.exec(running.stdout) ?? undefined,
    { describe: () => running.describe() },
  );
  assert.match(origin, /^https:\/\/127\.0\.0\.1:/);
  assert.match(running.stderr, /the certificate of the API server is not checked/);
  assert.doesNotMatch(running.stderr, /the verification key cannot be read/);
  const token = await new SignJWT({ verbs: ['get'], URLs: ['/api/*'] })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setExpirationTime('1m')
    .sign(privateKey);
  const answer = await httpsRequest({
    url: `${origin}/k8s/api/v1/pods`,
    headers: { cookie: `kg-jwt-session-code=${token}` },
    rejectUnauthorized: false,
  });
  assert.equal(answer.status, 200, answer.body.toString());
  const seen = upstream.received.join('');
  assert.deepEqual(seen.match(/^[A-Z]+ \S+(?= HTTP)/gm), [
    'GET /k8s/clusters/c-1/api/v1/namespaces/kube-gateway/secrets/kube-gateway-jwt',
    'GET /k8s/clusters/c-1/api/v1/pods',
  ]);
  assert.deepEqual(
    new Set(seen.match(/^authorization: .*$/gim)?.map((line) => line.slice(15))),
    new Set(['Bearer account']),
  );
});

test('each flag that is not served, or has a value of no use, is refused by its name', async (t) => {
  const folder = await temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['-logtostderr', /-logtostderr is not served\n.*leave it out/],
    ['-v=much', /-v is not valid: "much" is not a number/],
    ['-api-server=', /-api-server is not valid: "" is not a URL such as/],
    ['-api-server=https://me@host', /-api-server is not valid/],
    ['-gateway-listen=ftp://x', /-gateway-listen is not valid: "ftp:\/\/x" is not like/],
    ['-gateway-listen=https://gateway.example:1', /-gateway-listen is not valid/],
    ['-gateway-listen=http://:8080', /without TLS only loopback addresses are served/],
    ['-jwt-request-enable=maybe', /"maybe" is neither true nor false/],
    ['-jwt-request-enable false', /"false" is no flag/],
    ['-oauth-server-enable', /-oauth-server-client-secret is needed, and top-secret is none/],
    ['-api-path', /-api-path needs a value/],
    ['-api-pat=/', /unknown flag "-api-pat=\/"/],
  ];
  await Promise.all(
    wrong.map(async ([line, why]) => {
      const args = ['gateway', '-jwt-request-enable', ...line.split(' ')];
      const { code, stdout, stderr } = await runProcess(launcher, args, { env });
      assert.deepEqual([code, stdout], [2, ''], `${line}: ${stderr}`);
      assert.match(stderr, why, line);
    }),
  );
});

test('flags that do nothing beside the others are named at the start', async (t) => {
  const folder = await temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const args = [
    'gateway',
    '-oauth-server-client-id=x',
    '-oauth-server-ca-file=nosuch',
    '-jwt-private-key-name=y',
    '-api-server-skip-verify-tls',
    '-api-server-ca-file=z',
  ];
  // There is no token: it ends after the flags were read.
  const { code, stderr } = await runProcess(launcher, args, { env, cwd: folder });
  assert.equal(code, 1);
  assert.deepEqual(stderr.match(/^drawbridge: -.*$/gm), [
    'drawbridge: -oauth-server-client-id does nothing without -oauth-server-enable',
    'drawbridge: -oauth-server-ca-file does nothing without -oauth-server-enable',
    'drawbridge: -jwt-private-key-name does nothing without -jwt-request-enable',
    'drawbridge: -api-server-ca-file does nothing with -api-server-skip-verify-tls',
  ]);
});

test('a token file that is empty or away for a while takes no credential away', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'token');
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  writeFileSync(path, 'one\n');
  const token = await accountTokenIn(path, clock);
  const later = (): Promise<string> => {
    nowMs += 31_000;
    return token();
  };
  writeFileSync(path, '\n');
  assert.equal(await later(), 'one');
  rmSync(path);
  assert.equal(await later(), 'one');
  writeFileSync(path, 'two\n');
  assert.equal(await later(), 'two');
  await assert.rejects(accountTokenIn(join(folder, 'nosuch'), clock), /cannot read the token/);
});
