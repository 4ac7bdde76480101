/** What kubectl showed, by WebSocket and by SPDY, against what a gateway recorded of it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listRecordings, openRecording, parseAsciicastEvent } from '#gateway/index.ts';
import type { StreamBench } from './kubectl-streams.ts';
import { runProcess } from './process-runner.ts';
import { until } from './until.ts';
import { succeeded } from './up-sites.ts';

/** With the running pod `web` in `default`, and recordings in `recordings` of the folder. */
export async function kubectlRecordings(bench: StreamBench): Promise<void> {
  const directory = join(bench.folder, 'recordings');
  const place = { directory, keyPath: join(directory, 'recordings.key') };
  const file = join(bench.folder, 'recorded.kubeconfig');
  const wish = ['--resource=pods', '--namespace=default', '--connect=exec', '--record=always'];
  writeFileSync(file, succeeded(await bench.cli('gateway', 'kubeconfig', 'recorded', ...wish)));
  for (const [transport, webSockets] of [
    ['WebSocket', 'true'],
    ['SPDY', 'false'],
  ] as const) {
    const env = { ...bench.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets };
    const mark = `by ${transport}`;
    const script = `echo ${mark}; seq 1 20000; cat; echo end`;
    const args = ['--kubeconfig', file, 'exec', '-i', 'web', '--', 'sh', '-c', script];
    const shown = succeeded(await runProcess(bench.kubectl, args, { env, input: 'typed\n' }));
    assert.match(shown, new RegExp(`^${mark}\n1\n2\n[^]*\n20000\ntyped\nend\n$`));
    const found = await until(async () => {
      const { recordings } = await listRecordings(place);
      return recordings.find(
        ({ what, durationMs }) => what.includes(mark) && durationMs !== undefined,
      );
    }, `the recording of ${transport}`);
    let cast = '';
    await openRecording(place, found.name, (text) => {
      cast += text;
    });
    const events = cast.trimEnd().split('\n').slice(1).map(parseAsciicastEvent);
    const replayed = events.map((event) => (event?.code === 'o' ? event.data : '')).join('');
    assert.equal(replayed.replaceAll('\r\n', '\n'), shown, transport);
  }
}
