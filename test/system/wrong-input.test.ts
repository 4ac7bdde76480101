/** Wrong input on each object gives the documented condition, wrong flags give exit code 2. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  accessGrant,
  accessToken,
  certificate,
  connector,
  link,
  listener,
  routerAccess,
  site,
} from '#apis/index.ts';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { runProcess } from '../support/process-runner.ts';
import { clientOf, isRefused, makeNamespace, manifest } from '../support/up-objects.ts';
import { survivorsSkip } from '../support/process-survivors.ts';
import {
  homeEnv,
  launcher,
  noProcessLeft,
  startUp,
  temporaryFolder,
} from '../support/up-process.ts';
import { startHello, succeeded } from '../support/up-sites.ts';

interface Refusal {
  /** Number of the acceptance line. */
  readonly title?: string;
  readonly of: ResourceDefinition;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly condition: string;
  readonly message: RegExp | string;
}

/** In a namespace with a Ready site that takes links. */
const withSite: readonly Refusal[] = [
  {
    of: site,
    name: 'second',
    spec: {},
    condition: 'Configured',
    message: 'An active site already exists in the namespace (west)',
  },
  {
    of: accessGrant,
    name: 'days',
    spec: { expirationWindow: '1d' },
    condition: 'Processed',
    message: /^Invalid duration "1d": /,
  },
  {
    of: accessToken,
    name: 'no-ca',
    spec: { url: 'https://127.0.0.1:1/x', code: 'c', ca: '' },
    condition: 'Redeemed',
    message: 'token does not have a CA',
  },
  {
    of: accessToken,
    name: 'plain',
    spec: { url: 'http://127.0.0.1:1/x', code: 'c', ca: 'x' },
    condition: 'Redeemed',
    message: 'token url scheme must be https',
  },
  {
    of: link,
    name: 'no-secret',
    spec: {
      endpoints: [{ name: 'inter-router', host: '127.0.0.1', port: '1' }],
      tlsCredentials: 'absent',
    },
    condition: 'Configured',
    message: 'TLS credentials secret "absent" not found',
  },
  {
    of: listener,
    name: 'no-secret',
    spec: { routingKey: 'a', host: '127.0.0.1', port: 1, tlsCredentials: 'absent' },
    condition: 'Configured',
    message: 'TLS credentials secret "absent" not found',
  },
  {
    of: listener,
    name: 'udp',
    spec: { routingKey: 'a', host: '127.0.0.1', port: 1, type: 'udp' },
    condition: 'Configured',
    message: /udp/,
  },
  {
    of: connector,
    name: 'nowhere',
    spec: { routingKey: 'a', port: 1, host: '' },
    condition: 'Configured',
    message: 'Connector must define a non-empty spec.host or spec.selector',
  },
  {
    of: certificate,
    name: 'no-ca',
    spec: { ca: 'absent', subject: 'x', client: true },
    condition: 'Ready',
    message: 'CA "west/absent" not found',
  },
  {
    title: 'acceptance 78:',
    of: routerAccess,
    name: 'ingress',
    spec: { roles: [{ name: 'normal' }], tlsCredentials: 'x', accessType: 'nosuch' },
    condition: 'Configured',
    message: /unsupported access type/i,
  },
];

/** What the API server itself does not take. */
const invalid: readonly (readonly [
  title: string,
  of: ResourceDefinition,
  spec: Record<string, unknown>,
  message: RegExp,
])[] = [
  ['acceptance 27: a Link without endpoints', link, {}, /endpoints/],
  [
    'acceptance 58: an AccessToken without code',
    accessToken,
    { url: 'https://x', ca: 'x' },
    /code/,
  ],
  [
    'acceptance 72: a Connector without host and selector',
    connector,
    { routingKey: 'a', port: 1 },
    /oneOf/,
  ],
  [
    'a Connector with both',
    connector,
    { routingKey: 'a', port: 1, host: 'h', selector: 'a=b' },
    /oneOf/,
  ],
  [
    'acceptance 69: an unknown observer',
    listener,
    { routingKey: 'a', host: 'h', port: 1, observer: 'http3' },
    /observer/,
  ],
  ['a port in words', listener, { routingKey: 'a', host: 'h', port: 'one' }, /port/],
];

test('wrong objects', async (t) => {
  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  const make = (of: ResourceDefinition, object: KubeObject): Promise<KubeObject> =>
    client.create(of, object);
  await makeNamespace(client, 'west');
  await makeNamespace(client, 'empty');
  await makeNamespace(client, 'odd');
  succeeded(await up.cli('site', 'create', 'west', '-n', 'west', '--enable-link-access'));

  for (const { title = '', of, name, spec, condition, message } of withSite) {
    await t.test(`${title} ${of.kind} ${name}: ${message}`, async () => {
      await make(of, manifest(of, 'west', name, spec));
      await isRefused(client, of, { namespace: 'west', name }, condition, message);
    });
  }

  await t.test('link access of an unknown type', async () => {
    await make(site, manifest(site, 'odd', 'odd', { linkAccess: 'nosuch' }));
    const text = 'Unsupported value for LinkAccess: nosuch';
    await isRefused(client, site, { namespace: 'odd', name: 'odd' }, 'Configured', text);
  });

  await t.test('link, listener and connector without a site', async () => {
    const spec = { routingKey: 'a', host: '127.0.0.1', port: 1 };
    const endpoints = [{ name: 'inter-router', host: '127.0.0.1', port: '1' }];
    await make(link, manifest(link, 'empty', 'l', { endpoints }));
    await make(listener, manifest(listener, 'empty', 'l', spec));
    await make(connector, manifest(connector, 'empty', 'c', spec));
    const text = 'No active site in namespace';
    for (const [of, name] of [
      [link, 'l'],
      [listener, 'l'],
      [connector, 'c'],
    ] as const) {
      await isRefused(client, of, { namespace: 'empty', name }, 'Configured', text);
    }
  });

  await t.test('a token with a wrong code is refused and not counted', async () => {
    const token = JSON.parse(
      succeeded(await up.cli('token', 'issue', '-', '-n', 'west', '-o', 'json')),
    ) as { metadata: { name: string }; spec: { url: string; ca: string } };
    await makeNamespace(client, 'east');
    succeeded(await up.cli('site', 'create', 'east', '-n', 'east'));
    const spec = { ...token.spec, code: 'wrong' };
    await make(accessToken, manifest(accessToken, 'east', 'wrong', spec));
    await isRefused(
      client,
      accessToken,
      { namespace: 'east', name: 'wrong' },
      'Redeemed',
      /403 \(Forbidden\) Redemption of access token refused/,
    );
    const key = { namespace: 'west', name: token.metadata.name };
    const grant = await client.get(accessGrant, key);
    assert.equal(grant.status?.redemptions ?? 0, 0);
  });

  await t.test('a token for oneself is refused, by the API too, and not counted', async () => {
    const file = join(up.home, 'own.yaml');
    succeeded(await up.cli('token', 'issue', file, '-n', 'west'));
    for (const verb of [
      ['token', 'redeem'],
      ['link', 'create'],
    ]) {
      const self = await up.cli(...verb, file, '-n', 'west');
      assert.equal(self.code, 1);
      assert.match(self.stderr, /Can't create connection to self with token\n/);
    }
    succeeded(await up.cli('system', 'apply', '-f', file, '-n', 'west'));
    const { items } = await client.list(accessToken, { namespace: 'west' });
    const own = items.find(({ spec }) => spec?.url?.includes(up.ready.grantServer) ?? false);
    const key = { namespace: 'west', name: own?.metadata.name ?? '' };
    const text = /400 \(Bad Request\) Can't create connection to self with token( \[|$)/;
    await isRefused(client, accessToken, key, 'Redeemed', text);
    const grant = await client.get(accessGrant, key);
    assert.equal(grant.status?.redemptions ?? 0, 0);
    const why = await up.cli('why', `token/${key.name}`, '-n', 'west');
    assert.equal(why.code, 1);
    assert.match(why.stdout, /Cause: the token is of this site itself/);
  });

  await t.test('an edge site takes no links', async () => {
    await makeNamespace(client, 'edge');
    await make(site, manifest(site, 'edge', 'edge', { edge: true }));
    await make(accessGrant, manifest(accessGrant, 'edge', 'g', {}));
    const text = 'Edge sites cannot accept incoming links from remote sites';
    await isRefused(client, accessGrant, { namespace: 'edge', name: 'g' }, 'Processed', text);
    const issued = await up.cli('token', 'issue', '-', '-n', 'edge');
    assert.equal(issued.code, 2);
    assert.equal(issued.stdout, '');
  });

  for (const window of ['25', '1d', '-5m', '1e9h', '0s', 'soon']) {
    await t.test(`a window of ${window} is refused by name`, async () => {
      const name = `window-${window.replaceAll(/[^a-z0-9]/g, 'x')}`;
      const object = manifest(accessGrant, 'west', name, { expirationWindow: window });
      try {
        await make(accessGrant, object);
      } catch (thrown) {
        assert.ok(thrown instanceof KubeClientError && thrown.status === 422, String(thrown));
        assert.match(thrown.message, /expirationWindow/);
        return;
      }
      const key = { namespace: 'west', name };
      await isRefused(client, accessGrant, key, 'Processed', /^Invalid duration "/);
      const { status } = await client.get(accessGrant, key);
      assert.equal(status?.expirationTime, undefined);
    });
  }

  for (const [title, of, spec, message] of invalid) {
    await t.test(`the API refuses ${title}`, async () => {
      await assert.rejects(make(of, manifest(of, 'west', 'invalid', spec)), (thrown) => {
        assert.ok(thrown instanceof KubeClientError);
        assert.equal(thrown.status, 422, thrown.message);
        assert.match(thrown.message, message);
        return true;
      });
    });
  }

  await t.test(
    'acceptance 88: states of the namespace that forbid a verb give exit code 2',
    async () => {
      const table: readonly (readonly [readonly string[], RegExp])[] = [
        [
          ['site', 'create', 'again', '-n', 'west'],
          /There is already a site created for this namespace/,
        ],
        [['token', 'issue', '-', '-n', 'east'], /You must enable link access for this site/],
        [
          ['token', 'issue', '-', '-n', 'empty'],
          /A site must exist in namespace empty before a token can be created/,
        ],
        [['link', 'update', 'nosuch', '-n', 'west'], /the link "nosuch" is not available/],
        [['site', 'update', 'nosuch', '-n', 'west'], /site with name "nosuch" is not available/],
        [
          ['site', 'update', '-n', 'nosuch'],
          /there is no existing Skupper site resource to update/,
        ],
        [
          ['site', 'delete', '-n', 'nosuch'],
          /There is no existing Skupper site resource to delete/,
        ],
        [['link', 'status', '-n', 'nosuch'], /there is no skupper site available/],
        [['link', 'generate', '-n', 'nosuch'], /there is no skupper site in this namespace/],
        [
          ['listener', 'create', 'no-secret', '80', '-n', 'west'],
          /There is already a listener no-secret created for namespace west/,
        ],
        [
          ['connector', 'create', 'nowhere', '80', '--host', 'h', '-n', 'west'],
          /There is already a connector nowhere created for namespace west/,
        ],
        [
          ['listener', 'update', 'nosuch', '-n', 'west'],
          /listener nosuch must exist in namespace west/,
        ],
      ];
      for (const [args, message] of table) {
        const finished = await up.cli(...args);
        assert.equal(finished.code, 2, `${args.join(' ')}: ${finished.stderr}`);
        assert.equal(finished.stdout, '');
        assert.match(finished.stderr, message);
      }
    },
  );
});

test('wrong flags of up and router end with exit code 2 and start nothing', async (t) => {
  const home = await temporaryFolder(t);
  const env = homeEnv(home);
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [['up', '--nosuch'], /unknown option '--nosuch'/],
    [['up', '--api-port', '70000'], /--api-port is not valid: "70000"/],
    [['up', '--grant-port', 'x'], /--grant-port is not valid: "x"/],
    [['up', '--listen', 'nowhere'], /--listen is not valid: "nowhere" is not an IP address/],
    [['up', 'extra'], /too many arguments/],
    [['router'], /give either --config or --config-map/],
    [['nosuch'], /unknown command 'nosuch'/],
    [['site', 'nosuch'], /unknown command 'nosuch'/],
    [
      ['site', 'create', 'West'],
      /site name is not valid: value does not match this regular expression/,
    ],
    [
      ['listener', 'create', 'l', '8080', '--timeout', '5s'],
      /timeout is not valid: duration must not be less than 10s; got 5s/,
    ],
  ];
  for (const [args, message] of table) {
    const { code, stdout, stderr } = await runProcess(launcher, args, { env });
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /^(drawbridge: .+\n){2,}$/);
  }
});

test('up that cannot start says why in two lines, with exit code 1, and leaves nothing', async (t) => {
  const home = await temporaryFolder(t);
  const env = homeEnv(home);
  const busy = await startHello(t, 'in the way');
  const file = join(home, 'file');
  await writeFile(file, '');
  const ports = (own: Readonly<Record<string, string>>): string[] =>
    ['api', 'gateway', 'grant', 'metrics'].flatMap((name) => [`--${name}-port`, own[name] ?? '0']);
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [ports({ api: String(busy.port) }), /\b(in use|EADDRINUSE)\b/],
    [ports({ grant: String(busy.port) }), /\b(in use|EADDRINUSE)\b/],
    [ports({ metrics: String(busy.port) }), /\b(in use|EADDRINUSE)\b/],
    [[...ports({}), '--ready-file', join(home, 'absent', 'ready')], /ready file/],
    [[...ports({}), '--data', file], /data directory/],
  ];
  for (const [index, [args, message]] of table.entries()) {
    const data = args.includes('--data') ? [] : ['--data', join(home, `data-${index}`)];
    const finished = await runProcess(launcher, ['up', ...args, ...data], { env });
    const { code, stderr } = finished;
    const errors = stderr.split('\n').filter((line) => line.startsWith('drawbridge: '));
    assert.equal(code, 1, `${args.join(' ')}: ${stderr}`);
    assert.equal(errors.length, 2, stderr);
    assert.match(errors[0] ?? '', message);
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace');
  }
  if (survivorsSkip === undefined) await noProcessLeft(home);
});
