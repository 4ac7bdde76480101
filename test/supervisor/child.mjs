// A child for supervisor tests. Serves TCP on the given port and ends at end of input.
import { createServer } from 'node:net';

const [port = '0', mode = 'serve'] = process.argv.slice(2);
process.stderr.write(`${JSON.stringify({ level: 'info', msg: 'child started', mode })}\n`);
process.stdout.write('plain text\n');
if (mode === 'deaf') process.on('SIGTERM', () => undefined);
if (mode === 'crash') process.exit(3);
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
createServer().listen(Number(port), '127.0.0.1');
