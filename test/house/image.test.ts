/** The image holds what its program reads, and of the libraries no more than that. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readTree, repositoryRoot } from '../../scripts/house/source-tree.ts';
import lock from '../../package-lock.json' with { type: 'json' };

const run = promisify(execFile);
const dockerfile = [...readTree('deploy/image', ['Dockerfile']).values()].join('\n');

/** Files and folders of the repository that the last stage takes over. */
function copied(): readonly string[] {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  return [...last.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((line) =>
    (line[1] ?? '').split(' '),
  );
}

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

const shipped = Object.entries(lock.packages as Readonly<Record<string, Locked>>).filter(
  ([path, { dev, optional, devOptional }]) =>
    path !== '' && dev !== true && optional !== true && devOptional !== true,
);

/** Lays out the folder of the image, libraries included, and gives it to `use`. */
async function withImage(use: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    for (const name of copied()) {
      await cp(join(repositoryRoot, name), join(root, name), { recursive: true });
    }
    const tops = shipped.filter(([path]) => path.lastIndexOf('node_modules/') === 0);
    for (const [path] of tops) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await symlink(join(repositoryRoot, path), join(root, path));
    }
    await use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('the program of the image starts and finds the pages of the console', async () => {
  await withImage(async (root) => {
    const flags = ['--disable-warning=ExperimentalWarning'];
    const entry = join(root, 'bin/drawbridge.ts');
    const { stdout } = await run(process.execPath, [...flags, entry, 'router', '--help']);
    assert.match(stdout, /router/);
    const assets = join(root, 'src/gateway/console/assets.ts');
    const script = `const { loadConsoleAssets } = await import(${JSON.stringify(assets)});
      console.log([...(await loadConsoleAssets()).keys()].join('\\n'));`;
    const listed = await run(process.execPath, [...flags, '--input-type=module', '-e', script]);
    for (const page of ['index.html', 'link.html', 'src/main.ts', 'lib/xterm.mjs']) {
      assert.ok(listed.stdout.split('\n').includes(page), `${page} among ${listed.stdout}`);
    }
  });
});

test('what the image copies is sent to the builder, and little else', async () => {
  const [ignore = ''] = readTree('.', ['.dockerignore']).values();
  const sent = [...ignore.matchAll(/^!(.+)$/gm)].map((line) => line[1] ?? '');
  const wanted = new Set([...copied(), 'package.json', 'package-lock.json']);
  assert.match(ignore, /^\*$/m);
  assert.deepEqual(new Set(sent), wanted);
  const there = await readdir(repositoryRoot);
  assert.deepEqual(
    sent.filter((name) => !there.includes(name)),
    [],
  );
});

test('the image runs as a number that is not root, and its first process gets signals', () => {
  assert.match(dockerfile, /^USER [1-9]\d*$/m);
  // The form of an array: with a shell in between SIGTERM would never arrive.
  assert.match(dockerfile, /^ENTRYPOINT \["node",/m);
});

test('no library of the image wants to run something when it is installed', () => {
  assert.ok(shipped.length > 20);
  assert.deepEqual(
    shipped.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    [],
  );
});
