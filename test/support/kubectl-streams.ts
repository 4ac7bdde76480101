/** What kubectl does with streams through a gateway, by WebSocket and by SPDY. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Finished, runProcess, startProcess } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';
import { succeeded } from './up-sites.ts';

export interface StreamBench {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly kubectl: string;
  /** The command line as the owner of the cluster. */
  cli(...args: readonly string[]): Promise<Finished>;
}

const transports = [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const;

/** With the running pod `web` in `default`. */
export async function kubectlStreams(t: TestContext, bench: StreamBench): Promise<void> {
  const { folder } = bench;
  const grant = async (name: string, ...flags: readonly string[]): Promise<string> => {
    const file = join(folder, `${name}.kubeconfig`);
    const wish = ['--resource=pods', '--namespace=default', ...flags];
    writeFileSync(file, succeeded(await bench.cli('gateway', 'kubeconfig', name, ...wish)));
    return file;
  };
  const all = '--connect=exec,attach,portforward,log';
  const file = await grant('streams', all);
  for (const [transport, webSockets] of transports) {
    const env = {
      ...bench.env,
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets,
      KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets,
    };
    const kubectl = (args: readonly string[], input?: string) =>
      runProcess(bench.kubectl, ['--kubeconfig', file, ...args], {
        env,
        ...(input === undefined ? {} : { input }),
      });
    const echoed = await kubectl(['exec', '-i', 'web', '--', 'cat'], 'through');
    assert.equal(succeeded(echoed), 'through', transport);
    const failed = await kubectl(['exec', 'web', '--', 'sh', '-c', 'echo bad >&2; exit 3']);
    assert.equal(failed.code, 3, `${transport}: ${failed.stderr}`);
    assert.match(failed.stderr, /^bad$/m);
    assert.equal(
      succeeded(await kubectl(['attach', '-i', 'web'], 'there and back')),
      'there and back',
    );
    await copies(join(folder, transport), kubectl);
    assert.match(succeeded(await kubectl(['logs', 'web'])), /^line 1 of default\/web\/main$/m);
    await forwards(t, [bench.kubectl, '--kubeconfig', file], env);
  }

  const sealed = await grant('sealed');
  for (const [, webSockets] of transports) {
    const env = { ...bench.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets };
    const refused = await runProcess(
      bench.kubectl,
      ['--kubeconfig', sealed, 'exec', 'web', '--', 'true'],
      { env },
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /does not name exec among what may be connected to/);
  }

  await counts(bench, await grant('counted', all, '--count-per=stream', '--uses=2'));
  await cuts(t, bench, 'revoked', await grant('revoked', all), () =>
    bench.cli('gateway', 'revoke', 'revoked', '--namespace=default'),
  );
  await cuts(t, bench, 'the time of the grant is over', await grant('short', all, '--for=10s'));
}

/** A folder to the pod, which is this machine, and back: tar on both sides. */
async function copies(
  folder: string,
  kubectl: (args: readonly string[]) => Promise<Finished>,
): Promise<void> {
  mkdirSync(folder);
  const content = 'x'.repeat(300_000);
  writeFileSync(join(folder, 'sent'), content);
  const there = join(folder, 'there');
  succeeded(await kubectl(['cp', join(folder, 'sent'), `web:${there}`]));
  assert.equal(readFileSync(there, 'utf8'), content);
  const back = join(folder, 'back');
  succeeded(await kubectl(['cp', `web:${there}`, back]));
  assert.equal(readFileSync(back, 'utf8'), content);
}

async function forwards(
  t: TestContext,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const forward = startProcess(t, program, [...args, 'port-forward', 'web', `:${port}`], { env });
  const local = await waitUntil(
    'the port',
    () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(forward.stdout)?.[1],
    { describe: () => forward.describe() },
  );
  for (const path of ['/a', '/b']) {
    const answer = await fetch(`http://127.0.0.1:${local}${path}`, { keepalive: false });
    assert.equal(await answer.text(), `you asked for ${path}`);
  }
  await forward.stop();
}

/** Two streams are two uses, by whichever transport; what is refused after them is none. */
async function counts(bench: StreamBench, file: string): Promise<void> {
  for (const [transport, webSockets] of [...transports, ['a third', 'true']] as const) {
    const env = { ...bench.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets };
    const args = ['--kubeconfig', file, 'exec', 'web', '--', 'true'];
    const { code, stderr } = await runProcess(bench.kubectl, args, { env });
    assert.equal(code, transport === 'a third' ? 1 : 0, `${transport}: ${stderr}`);
    if (code !== 0) assert.match(stderr, /used up|spent|as often as it may/);
  }
  const listed = succeeded(await bench.cli('gateway', 'list', '--namespace=default'));
  assert.match(listed, /counted .* 2\/2 /);
}

/** Opens one of each kind; all of them end by themselves. */
async function cuts(
  t: TestContext,
  bench: StreamBench,
  what: string,
  file: string,
  end?: () => Promise<unknown>,
): Promise<void> {
  const env = { ...bench.env };
  const start = (...args: readonly string[]) =>
    startProcess(t, bench.kubectl, ['--kubeconfig', file, ...args], { env });
  const spdy = { ...env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
  const sleep = [
    '--kubeconfig',
    file,
    'exec',
    'web',
    '--',
    'sh',
    '-c',
    'echo open; exec sleep 600',
  ];
  const open = [
    startProcess(t, bench.kubectl, sleep, { env }),
    startProcess(t, bench.kubectl, sleep, { env: spdy }),
    start('logs', '-f', 'web'),
  ];
  const began = [/open/, /open/, /line 3/];
  await waitUntil(
    `all streams before ${what}`,
    () => open.every((each, at) => began[at]?.test(each.stdout)),
    { describe: () => open.map((each) => each.describe()).join('\n') },
  );
  await end?.();
  for (const each of open) {
    await waitUntil(`the end by ${what}`, () => each.exit, { describe: () => each.describe() });
  }
}
