/** Entry of the command line: gives it the process it runs in. */
import { homedir } from 'node:os';
import { type CliIo, runCli } from '#cli/index.ts';
import packageFile from '../package.json' with { type: 'json' };

// A reader that goes away (`drawbridge … | head -1`) is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

async function readStdin(bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > bytesMax) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin,
  env: process.env,
  interactive: process.stderr.isTTY,
  columns: process.stdout.columns,
  homeDir: homedir(),
  version: packageFile.version,
};
const exitCode = await runCli(process.argv.slice(2), io);
// Idle connections would keep the process alive; what was written is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
