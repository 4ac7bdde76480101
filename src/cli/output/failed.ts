/** Puts the words of a v1 verb before what went wrong at run time, as its users know it. */
import { CliError } from '../errors.ts';

/**
 * Runs the work of a verb.
 * @param prefix such as `Failed to create link`
 * @throws CliError with the prefix; anything else as it is
 */
export async function sayingFailed<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof CliError)) throw thrown;
    const [first = '', ...more] = thrown.lines;
    throw new CliError(thrown.code, `${prefix}: ${first}`, {
      todo: thrown.todo,
      more,
      cause: thrown,
    });
  }
}
