/** What the command line says about wrong usage, before it looks for any API. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generateCliDoc } from '../../scripts/gen/cli-doc.ts';
import { groups } from '../../src/cli/program.ts';
import { cli } from '../support/up-cli.ts';

const name =
  'site name is not valid: value does not match this regular expression: ^[a-z0-9]([-a-z0-9]*[a-z0-9])*(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])*)*$';
const accessType =
  'for the site to work with this type of linkAccess, the --enable-link-access option must be set to true';

/** Command line and every line that says what is wrong. */
const wrong: readonly (readonly [string, ...string[]])[] = [
  ['site create', 'site name must not be empty'],
  ['site create West', name],
  ['site create a b', 'only one argument is allowed for this command.'],
  ['site create w --link-access-type route', accessType],
  [
    'site create w --enable-link-access --link-access-type x',
    'link access type is not valid: value x not allowed. It should be one of this options: [default route loadbalancer nodeport ingress ingress-nginx contour-http-proxy gateway local]',
  ],
  [
    'site create W --timeout 5s --wait x',
    name,
    'status is not valid: value x not allowed. It should be one of this options: [ready configured none]',
    'timeout is not valid: duration must not be less than 10s; got 5s',
  ],
  [
    'site create w --timeout soon',
    'timeout is not valid: "soon" is not a duration such as 90s or 1h30m',
  ],
  ['site status west', 'this command does not need any arguments'],
  [
    'site status -o xml',
    'output type is not valid: value xml not allowed. It should be one of this options: [json yaml]',
  ],
  ['site delete a b', 'only one argument is allowed for this command.'],
  ['site generate', 'site name must not be empty'],
  ['token issue', 'file name must be configured'],
  [
    'token issue t.yaml --expiration-window 30s',
    'expiration time is not valid: duration must not be less than 1m0s; got 30s',
  ],
  [
    'token issue t.yaml --redemptions-allowed 0',
    'number of redemptions is not valid: value must be 1 or more; got 0',
  ],
  ['token issue t.yaml --cost -1', 'link cost is not valid: value must not be negative; got -1'],
  ['token issue /nonexistent/t.yaml', /^invalid token file name: ENOENT/.source],
  ['token issue /', 'token file name is a directory'],
  ['token redeem', 'file name must be configured'],
  ['token redeem /nonexistent/t.yaml', /^token file does not exist: ENOENT/.source],
  ['link status Bad', name.replace('site', 'link')],
  ['link status --wait soon', 'wait is not valid: "soon" is not a duration such as 90s or 1h30m'],
  ['link create', 'file name must be configured'],
  [
    'link create t.yaml --name Bad --cost -1',
    name.replace('site', 'link'),
    'link cost is not valid: value must not be negative; got -1',
  ],
  [
    'link create /nonexistent/t.yaml',
    /^Failed to create link: token file does not exist: ENOENT/.source,
  ],
  ['token create', 'file name must be configured'],
  ['token create t.yaml -t both', 'invalid token type. Specify cert or claim'],
  ...['25', '1d', '1e9h'].map((text): readonly [string, string] => [
    `token create t.yaml --expiry ${text}`,
    `expiry is not valid: "${text}" is not a duration such as 90s or 1h30m`,
  ]),
  [
    'token create t.yaml --expiry=-5m --uses 0',
    'uses is not valid: value must be 1 or more; got 0',
    'expiry is not valid: duration must not be less than 1s; got -5m0s',
  ],
  ['token create t.yaml --password short', 'password is not valid: 8 to 256 characters; got 5'],
  [
    'token create t.yaml -t cert --password long-enough',
    'password is not valid: only a claim has one',
  ],
  ['token create /nonexistent/t.yaml', /^invalid token file name: ENOENT/.source],
  ['status west', 'this command does not need any arguments'],
  ['expose', 'type and name of the target must be given', '--port must be given'],
  [
    'expose pods x --port 80',
    'target type is not valid: value pods not allowed. It should be one of this options: [deployment statefulset daemonset service host]',
  ],
  ['expose host 127.0.0.1 --port 80', "--address must be given for target type 'host'"],
  [
    'expose deployment d --port 0 --protocol http2',
    'port is not valid: "0" is not a whole number from 1 to 65535',
    'protocol is not valid: value http2 not allowed. It should be one of this options: [tcp]',
  ],
  [
    'expose deployment d --port 80 --no-listener --tls-cert s',
    '--host and --tls-cert are for the listener: leave out --no-listener',
  ],
  ['unexpose', 'type and name of the target must be given'],
  ['unexpose host h', "--address must be given for target type 'host'"],
  [
    'listener create l 80 --observer http3',
    'observer is not valid: value http3 not allowed. It should be one of this options: [auto none http1 http2]',
  ],
  ['init', "unknown command 'init'"],
  ['link delete', 'link name must not be empty'],
  ['link generate --no-generate-credential', 'the TLS secret name was not specified'],
  ['link generate x', 'this command does not need any arguments'],
  ['listener create', 'listener name and port must be configured'],
  ['listener create l', 'listener name and port must be configured'],
  ['listener create l 0', 'listener port is not valid: "0" is not a whole number from 1 to 65535'],
  [
    'listener create l 70000',
    'listener port is not valid: "70000" is not a whole number from 1 to 65535',
  ],
  ['listener create l 80 90', 'only two arguments are allowed for this command'],
  [
    'listener create l 8080 --timeout 5s',
    'timeout is not valid: duration must not be less than 10s; got 5s',
  ],
  [
    'listener create l 8080 --type udp',
    'type is not valid: value udp not allowed. It should be one of this options: [tcp]',
  ],
  [
    'listener create l 8080 --host a_b',
    'host is not valid: "a_b" is neither a host name nor an IP address',
  ],
  ['listener update', 'listener name must not be empty'],
  ['listener update l --port x', 'port is not valid: "x" is not a whole number from 1 to 65535'],
  [
    'connector create c 8080 --host h --selector a=b',
    'If host is configured, cannot configure workload or selector',
    'If selector is configured, cannot configure workload or host',
  ],
  [
    'connector create c 8080 --workload deployment',
    'workload must include <resource-type>/<resource-name>',
  ],
  [
    'connector create c 8080 --workload cronjob/x',
    'workload is not valid: resource-type cronjob not allowed. It should be one of this options: [deployment daemonset statefulset service]',
  ],
  ['connector delete', 'connector name must not be empty'],
  ['up --api-port 65536', '--api-port is not valid: "65536" is not a whole number from 0 to 65535'],
  ['up --listen here', '--listen is not valid: "here" is not an IP address'],
  ['up --advertise a_b', '--advertise is not valid: "a_b" is not a host name or IP address'],
  ['up -n west', "--namespace has no meaning for 'up'"],
  ['router', 'give either --config or --config-map'],
  [
    'router --config r.json --heartbeat-fd 2',
    '--heartbeat-fd is not valid: "2" is not a descriptor from 3 to 9999',
  ],
  [
    'router --config r.json --heartbeat-fd 999',
    '--heartbeat-fd is not valid: "999" is no open pipe',
  ],
  ['version x', "too many arguments for 'version'. Expected 0 arguments but got 1: x."],
  ['versoin', "unknown command 'versoin'"],
  ['site crate', "unknown command 'crate'"],
  ['site create w --nosuch', "unknown option '--nosuch'"],
];

describe('wrong usage', () => {
  for (const [line, ...problems] of wrong) {
    test(`${line}: exit code 2, all problems and one line of advice`, async () => {
      const { code, stdout, stderr } = await cli(line.split(' '));
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      const lines = stderr.split('\n');
      assert.equal(lines.pop(), '');
      const advice = lines.pop() ?? '';
      assert.match(advice, /^drawbridge: \S/);
      assert.equal(lines.length, problems.length, stderr);
      problems.forEach((problem, index) => {
        const said = (lines[index] ?? '').replace(/^drawbridge: /, '');
        if (problem.startsWith('^')) assert.match(said, new RegExp(problem));
        else assert.equal(said, problem);
      });
    });
  }
});

test('verbs of Skupper v1 that are no more name what to use', async () => {
  for (const [verb, todo] of [
    ['init', 'site create'],
    ['delete', 'site delete'],
    ['service', 'listener create'],
    ['network', 'site status'],
  ] as const) {
    const { code, stderr } = await cli([verb, '--flag', 'x']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      new RegExp(`^drawbridge: unknown command '${verb}'\ndrawbridge: .*${todo}`),
    );
  }
});

test('no verb at all shows the help on standard error', async () => {
  for (const args of [[], ['site'], ['token']]) {
    const { code, stdout, stderr } = await cli(args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: drawbridge/);
  }
});

test('every verb has help with examples on standard output', async () => {
  const [reference = ''] = (await generateCliDoc()).values();
  const verbs = [...reference.matchAll(/^## (.+)$/gm)].map(([, verb = '']) => verb);
  assert.ok(verbs.length > 40);
  for (const verb of verbs.filter((each) => each !== 'drawbridge')) {
    const { code, stdout, stderr } = await cli([...verb.split(' '), '--help']);
    assert.equal(code, 0, verb);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^Usage: drawbridge ${verb}`));
    assert.match(stdout, new RegExp(`\\nExamples:\\n(.*\\n)*?.*drawbridge ${verb}`), verb);
  }
});

test('without an API the error says where one was looked for', async () => {
  const { code, stdout, stderr } = await cli(['site', 'status']);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'drawbridge: no API server found: no drawbridge up is running\n' +
      "drawbridge: start 'drawbridge up', or give --kubeconfig, KUBECONFIG or ~/.kube/config\n",
  );
});

test('what the help of a group shows exists', async () => {
  for (const { name: group, examples } of groups) {
    const help = (await cli([group, '--help'])).stdout;
    assert.match(help, /^Examples:\n/mu, group);
    for (const example of examples ?? []) {
      assert.ok(help.includes(`  drawbridge ${example}\n`), example);
      const [verb = '', sub = '', ...rest] = example.split(' ');
      const { stdout } = await cli([verb, sub, '--help']);
      assert.ok(stdout.startsWith(`Usage: drawbridge ${verb} ${sub} `), example);
      for (const flag of rest.filter((each) => each.startsWith('-'))) {
        assert.match(stdout, new RegExp(`(?<![\\w-])${flag}(?![\\w-])`), `${example}: ${flag}`);
      }
    }
  }
});
