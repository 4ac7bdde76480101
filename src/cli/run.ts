/**
 * The edge of the command line: parses, runs one verb, and turns whatever is thrown into lines on
 * standard error and an exit code (0 done, 1 failed at run time, 2 wrong usage).
 */
import { CommanderError } from 'commander';
import { CodedError, messageOf } from '#base/errors.ts';
import { CliError } from './errors.ts';
import { rewriteBooleanValues } from './input/boolean-values.ts';
import { otherNameOf } from './input/earlier-verbs.ts';
import type { CliIo } from './io.ts';
import { oneLine } from './output/table.ts';
import { buildProgram } from './program.ts';
import { isKubeGatewayLine, runKubeGatewayLine } from './verbs/gateway/kube-gateway.ts';

/** Longest line of an error; what is in objects and files can be longer than anybody reads. */
const lineCharsMax = 1000;

/**
 * Runs one command line.
 * @param args what follows the program's name
 * @returns the exit code; never throws
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const outcome = { exitCode: 0 };
  try {
    const [first, ...rest] = args;
    if (first === 'gateway' && isKubeGatewayLine(rest)) return await runKubeGatewayLine(rest, io);
    const program = await buildProgram(io, outcome, args);
    await program.parseAsync(rewriteBooleanValues(program, args), { from: 'user' });
    return outcome.exitCode;
  } catch (thrown) {
    return report(thrown, io);
  }
}

function report(thrown: unknown, io: CliIo): number {
  if (thrown instanceof CommanderError) return reportUsage(thrown, io);
  if (thrown instanceof CliError) {
    for (const line of [...thrown.lines, thrown.todo]) complain(io, line);
    return thrown.exitCode;
  }
  complain(io, messageOf(thrown));
  complain(io, adviceFor(thrown));
  return 1;
}

/** One line, whatever a file or a server has put into it. */
function complain(io: CliIo, line: string): void {
  const text = oneLine(line);
  const shown = text.length > lineCharsMax ? `${text.slice(0, lineCharsMax)}…` : text;
  io.stderr.write(`drawbridge: ${shown}\n`);
}

/** Commander has written asked-for help already; complaints about usage are written here. */
function reportUsage(error: CommanderError, io: CliIo): number {
  if (error.exitCode === 0) return 0;
  if (error.code !== 'commander.help') {
    const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
    complain(io, what);
    const todo = hint?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?');
    const [, verb = ''] = /^unknown command '(.+)'$/.exec(what) ?? [];
    complain(io, otherNameOf(verb) ?? todo ?? 'add --help to see the flags and examples');
  }
  return 2;
}

function adviceFor(thrown: unknown): string {
  if (!(thrown instanceof CodedError)) {
    return `this is a fault of drawbridge itself; please report it with the command you ran`;
  }
  return `see ${thrown.code} in docs/reference/errors.md`;
}
