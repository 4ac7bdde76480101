/** The real curl, a foreign judge of HTTP and TLS. */
import { spawnSync } from 'node:child_process';
import { type Finished, runProcess } from './process-runner.ts';

/** Reason to skip tests that need curl; false when it is there. */
export const curlSkip: string | false =
  spawnSync('curl', ['--version']).status === 0 ? false : 'curl not found';

/** Exit codes of curl that tests look for. */
export const curlExit = { ok: 0, noConnection: 7, emptyReply: 52, recv: 56, badCertificate: 60 };

/** Asks for a URL; quiet but for errors, and nothing of this machine's proxies. */
export function curl(...args: string[]): Promise<Finished> {
  return runProcess('curl', ['-sS', '--noproxy', '*', '--max-time', '10', ...args]);
}
