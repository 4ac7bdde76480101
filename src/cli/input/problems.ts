/** Gathers everything that is wrong with a command line, so that one try shows all of it. */
import { usageError } from '../errors.ts';

export class Problems {
  readonly #lines: string[] = [];

  /** Notes problems, one line each. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** The value, or undefined with the problems noted. */
  take<T>(result: { readonly value: T } | { readonly problem: string }): T | undefined {
    if ('value' in result) return result.value;
    this.add(result.problem);
    return undefined;
  }

  /** @throws CliError CLI_USAGE with all lines, when there are any */
  throwIfAny(todo: string): void {
    if (this.#lines.length > 0) throw usageError(this.#lines, todo);
  }
}
