/** Door of cli: the command line as one function. */
export type { CliIo } from './io.ts';
export { runCli } from './run.ts';
