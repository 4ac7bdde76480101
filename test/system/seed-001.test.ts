/**
 * The procedure of seed 001 with our command line, as the page writes it: claim and cert tokens,
 * links made of them, and the sentences about sites and links. Revoking access is tested elsewhere.
 */
import assert from 'node:assert/strict';
import { symlink, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type Finished, runProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { launcher, startUp, type Up } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

/** A shell in which `drawbridge` works in one namespace. */
type Shell = (script: string) => Promise<Finished>;

async function openShell(up: Up, namespace: string): Promise<Shell> {
  const kubeconfig = join(up.home, `kubeconfig-${namespace}`);
  const config = parse(await readFile(up.ready.kubeconfig, 'utf8')) as {
    contexts: { context: { namespace?: string } }[];
  };
  for (const { context } of config.contexts) context.namespace = namespace;
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const env = {
    ...up.env,
    KUBECONFIG: kubeconfig,
    PATH: `${up.home}/bin:${process.env['PATH'] ?? ''}`,
  };
  return (script) => runProcess('bash', ['-c', script], { env, cwd: up.home });
}

/** Waits for what `drawbridge status` says; sites hear of lost links with a little delay. */
async function says(shell: Shell, expected: string, deadlineMs?: number): Promise<void> {
  await waitUntil(
    `"${expected}"`,
    async () => {
      assert.equal(succeeded(await shell('drawbridge status')), `${expected}\n`);
      return true;
    },
    deadlineMs === undefined ? {} : { deadlineMs },
  );
}

const enabled = (namespace: string): string =>
  `Drawbridge is enabled for namespace "${namespace}" in interior mode.`;

test('tokens are created and used as the page says', async (t) => {
  const up = await startUp(t, {});
  await mkdir(join(up.home, 'bin'));
  await symlink(launcher, join(up.home, 'bin', 'drawbridge'));
  const [west, east, north, nowhere] = await Promise.all(
    ['west', 'east', 'north', 'nowhere'].map((name) => openShell(up, name)),
  );
  assert.ok(west && east && north && nowhere);
  const access = '--create-namespace --enable-link-access';
  await Promise.all([
    west(`drawbridge site create west ${access}`).then(succeeded),
    north(`drawbridge site create north ${access}`).then(succeeded),
    east('drawbridge site create east --create-namespace').then(succeeded),
  ]);
  const idOf = async (shell: Shell): Promise<string> => {
    const text = succeeded(await shell('drawbridge status -o json'));
    return (JSON.parse(text) as { siteId: string }).siteId;
  };
  const westId = await idOf(west);

  await t.test('a site without links, and a namespace without a site', async () => {
    await says(west, `${enabled('west')} It is not linked to any other sites.`);
    await says(nowhere, "Drawbridge is not enabled in namespace 'nowhere'");
  });

  await t.test('a claim token, limited by time and uses', async () => {
    const create = 'drawbridge token create $HOME/secret.yaml --expiry 30m0s --uses 2 -t claim';
    const said = succeeded(await west(create));
    assert.equal(said, `Token written to ${up.home}/secret.yaml\n`);
    assert.equal((await stat(join(up.home, 'secret.yaml'))).mode & 0o777, 0o600);
    const text = await readFile(join(up.home, 'secret.yaml'), 'utf8');
    const { kind, metadata } = parse(text) as {
      kind: string;
      metadata: { annotations: Record<string, string>; labels: object };
    };
    assert.equal(kind, 'Secret');
    assert.deepEqual(metadata.labels, { 'skupper.io/type': 'token-claim' });
    const { annotations } = metadata;
    assert.equal(annotations['drawbridge.dev/redemptions-allowed'], '2');
    assert.equal(annotations['skupper.io/generated-by'], westId);
    const minutes = (Date.parse(annotations['drawbridge.dev/expires'] ?? '') - Date.now()) / 60_000;
    assert.ok(minutes > 28 && minutes <= 30, `${minutes} minutes`);
    assert.doesNotMatch(text, /PRIVATE KEY/);
  });

  await t.test('a cert token, which leaves no key behind in the issuing namespace', async () => {
    const said = succeeded(await north('drawbridge token create $HOME/north.yaml -t cert'));
    assert.equal(said, `Connection token written to ${up.home}/north.yaml\n`);
    const { metadata, type } = parse(await readFile(join(up.home, 'north.yaml'), 'utf8')) as {
      metadata: { name: string; labels: object };
      type: string;
    };
    assert.equal(metadata.name, 'skupper');
    assert.deepEqual(metadata.labels, { 'skupper.io/type': 'connection-token' });
    assert.equal(type, 'kubernetes.io/tls');
  });

  await t.test('links of both kinds of token', async () => {
    const certificate = succeeded(await west('drawbridge link create $HOME/north.yaml'));
    assert.match(certificate, /^Site configured to link to 127\.0\.0\.1:\d+ \(name=link1\)\n/);
    const claim = succeeded(await east('drawbridge link create $HOME/secret.yaml'));
    assert.match(claim, /^Site configured to link to https:\/\/\S+ \(name=link1\)\n/);
    for (const shell of [west, east]) {
      const said = succeeded(await shell('drawbridge link status link1 --wait 30'));
      assert.equal(said, 'Link link1 is connected\n');
    }
    await says(west, `${enabled('west')} It is linked to 2 other sites.`);
    await says(east, `${enabled('east')} It is linked to 1 other site.`);
    const all = succeeded(await west('drawbridge link status'));
    assert.match(all, /^NAME +STATUS .*\nlink1 +Ready .*\n\nLink link1 is connected\n$/);
    const both = succeeded(await west('drawbridge link status all'));
    assert.match(both, new RegExp(`Incoming link from site ${await idOf(east)} \\(east\\)`));
  });

  await t.test('acceptance 98: no second link to the same site, and none to oneself', async () => {
    const second = await east('drawbridge link create $HOME/secret.yaml');
    assert.equal(second.code, 1);
    const [what, todo] = second.stderr.split('\n');
    assert.equal(what, `drawbridge: Failed to create link: Already connected to "${westId}".`);
    assert.match(todo ?? '', /drawbridge link delete link1 -n east/);
    for (const [shell, file] of [
      [west, 'secret.yaml'],
      [north, 'north.yaml'],
    ] as const) {
      const self = await shell(`drawbridge link create $HOME/${file}`);
      assert.equal(self.code, 1);
      assert.match(
        self.stderr,
        /Failed to create link: Can't create connection to self with token\n/,
      );
    }
  });

  await t.test(
    'a deleted link leaves nothing, so that the token links again until used up',
    async () => {
      const relink = async (): Promise<void> => {
        assert.equal(
          succeeded(await east('drawbridge link delete link1')),
          'Link "link1" is deleted\n',
        );
        await says(west, `${enabled('west')} It is linked to 1 other site.`);
        // West had one incoming link, and notices at once that it has none.
        await says(west, `${enabled('west')} It is linked to 1 other site.`, 5000);
        succeeded(await east('drawbridge link create $HOME/secret.yaml --name link1 --cost 5'));
      };
      await relink();
      succeeded(await east('drawbridge link status link1 --wait 30'));
      await says(west, `${enabled('west')} It is linked to 2 other sites.`);
      await relink();
      const late = await waitUntil('the refusal', async () => {
        const said = succeeded(await east('drawbridge link status link1'));
        return said.includes('404') && said;
      });
      assert.match(late, /^Link link1 not connected \(Failed to redeem claim: .*\)\n$/);
      assert.equal((await east('drawbridge link status link1 --wait 1')).code, 1);
      succeeded(await east('drawbridge link delete link1'));
      assert.equal((await east('drawbridge link delete link1')).code, 1);
    },
  );

  await t.test('a cert token links any number of sites', async () => {
    succeeded(await east('drawbridge link create $HOME/north.yaml'));
    succeeded(await east('drawbridge link status link1 --wait 30'));
    await says(north, `${enabled('north')} It is linked to 2 other sites.`);
    // The claim's link is gone, and so is what it counted for.
    await says(west, `${enabled('west')} It is linked to 1 other site.`);
  });

  await t.test('acceptance 99: access is revoked as the page says', async () => {
    succeeded(await east('drawbridge link delete link1'));
    succeeded(await west('drawbridge token create $HOME/again.yaml --uses 3'));
    succeeded(await west('drawbridge token create $HOME/west-cert.yaml -t cert'));
    succeeded(await east('drawbridge link create $HOME/again.yaml'));
    succeeded(await east('drawbridge link status link1 --wait 30'));

    await says(west, `${enabled('west')} It is linked to 2 other sites.`);
    assert.equal(
      succeeded(await west('drawbridge link status link1')),
      'Link link1 is connected\n',
    );
    succeeded(await west('drawbridge revoke-access'));
    await says(west, `${enabled('west')} It is linked to 1 other site.`);
    assert.equal(
      succeeded(await west('drawbridge link status link1')),
      'Link link1 is connected\n',
    );

    // The remote site still has its link, and is told to remove it first.
    const again = await east('drawbridge link create $HOME/again.yaml');
    assert.match(again.stderr, new RegExp(`Already connected to "${westId}"`));
    succeeded(await east('drawbridge link delete link1'));
    // Neither the claim nor the certificate that were handed out are good for anything now.
    succeeded(await east('drawbridge link create $HOME/again.yaml'));
    await waitUntil('the refusal of the claim', async () => {
      const said = succeeded(await east('drawbridge link status link1'));
      return /404 \(Not Found\) No such claim|x509/.test(said);
    });
    succeeded(await east('drawbridge link delete link1'));
    succeeded(await east('drawbridge link create $HOME/west-cert.yaml'));
    assert.equal((await east('drawbridge link status link1 --wait 3')).code, 1);
    await says(west, `${enabled('west')} It is linked to 1 other site.`);
  });
});
