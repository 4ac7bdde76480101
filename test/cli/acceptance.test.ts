/** What scripts written for Skupper's command line rely on: codes and messages of wrong usage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cli } from '../support/up-cli.ts';

const lines: readonly (readonly [title: string, line: string, said: RegExp])[] = [
  [
    'acceptance 89: a site name in capitals',
    'site create West',
    /site name is not valid: .*regular expression/,
  ],
  [
    'acceptance 90: a link access type without link access',
    'site create w --link-access-type route',
    /--enable-link-access option must be set to true/,
  ],
  [
    'acceptance 92: a window below a minute',
    'token issue t.yaml --expiration-window 30s',
    /expiration time is not valid: duration must not be less than 1m0s; got 30s/,
  ],
  [
    'a token for nobody',
    'token issue t.yaml --redemptions-allowed 0',
    /number of redemptions is not valid/,
  ],
  [
    'acceptance 95: a host and a selector, seen from the host',
    'connector create c 8080 --host h --selector a=b',
    /If host is configured, cannot configure workload or selector/,
  ],
  [
    'a host and a selector, seen from the selector',
    'connector create c 8080 --host h --selector a=b',
    /If selector is configured, cannot configure workload or host/,
  ],
  [
    'a client certificate without TLS',
    'connector create c 8080 --host h --use-client-cert',
    /--use-client-cert and --verify-hostname need --tls-credentials/,
  ],
  ['a target in one word', 'expose host/', /type and name of the target must be given/],
  ['a manifest that is not there', 'system apply -f nope.yaml', /^drawbridge: file does not exist/],
  ['no shell', 'completion', /the shell must be given: bash, zsh, fish/],
  [
    'acceptance 96: a timeout below ten seconds',
    'listener create l 8080 --timeout 5s',
    /timeout is not valid: duration must not be less than 10s; got 5s/,
  ],
];

for (const [title, line, said] of lines) {
  test(`${title}: exit code 2`, async () => {
    const { code, stdout, stderr } = await cli(line.split(' '));
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, said);
  });
}
