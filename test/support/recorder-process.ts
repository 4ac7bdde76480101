/**
 * A terminal that is recorded until its process is killed: what it showed is on the standard output.
 * Arguments: the folder of the recordings.
 */
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { silentLogger } from '#base/log.ts';
import { Recordings } from '#gateway/recording/recordings.ts';
import { tapsOf } from '#gateway/recording/terminal-tap.ts';
import { systemClock } from './system.ts';
import { channelFrame } from './web-socket-frame.ts';

const [directory = ''] = process.argv.slice(2);
const recordings = await Recordings.open(
  { clock: systemClock, log: silentLogger, onCut: async () => true },
  { directory, keyPath: join(directory, 'recordings.key'), policy: 'all' },
);
const recording = await recordings.begin({
  auditId: 'audit-1',
  grant: 'default/g',
  session: 's',
  client: '127.0.0.1',
  what: 'exec shop/web: sh',
  tty: true,
});
function* frames(): Generator<Buffer> {
  for (let at = 0; ; at++) yield channelFrame(1, `line ${at}\r\n`);
}
Readable.from(frames()).pipe(tapsOf(recording, true).output).pipe(process.stdout);
