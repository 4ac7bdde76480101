/** The command line inside the test's process, with its output caught. */
import { runCli } from '#cli/index.ts';

export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliWorld {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly homeDir?: string;
  readonly stdin?: string;
}

/** Runs one command line. */
export async function cli(args: readonly string[], world: CliWorld = {}): Promise<CliOutcome> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    stdout: {
      write: (text) => {
        stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
    readStdin: async () => world.stdin ?? '',
    env: world.env ?? {},
    homeDir: world.homeDir ?? '/nonexistent',
    version: '9.8.7',
  });
  return { code, stdout, stderr };
}
