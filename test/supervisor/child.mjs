// A child for supervisor tests. Serves TCP on the given port and ends at end of input.
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';

const [port = '0', mode = 'serve'] = process.argv.slice(2);
process.stderr.write(`${JSON.stringify({ level: 'info', msg: 'child started', mode })}\n`);
process.stdout.write('plain text\n');
if (mode === 'deaf') process.on('SIGTERM', () => undefined);
if (mode === 'crash') process.exit(3);
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
// `stuck` hangs when it is told to on its port; `beating` never does.
if (mode === 'beating' || mode === 'stuck') setInterval(() => writeSync(3, '.'), 5);
const hang = () => {
  if (mode === 'stuck') for (;;);
};
createServer((socket) => socket.on('error', () => undefined).once('data', hang)).listen(
  Number(port),
  '127.0.0.1',
);
