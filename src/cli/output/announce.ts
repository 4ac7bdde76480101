/** How a verb that changed something says so: a sentence, or the object when -o asks for it. */
import type { KubeObject } from '#kube/index.ts';
import type { OutputFormat } from '../input/format.ts';
import type { CliIo } from '../io.ts';
import { renderObject } from './objects.ts';

/** Writes the sentence, or the object as it now is. */
export function announce(
  io: Pick<CliIo, 'stdout'>,
  format: OutputFormat,
  object: KubeObject,
  sentence: string,
): void {
  io.stdout.write(format === 'table' ? `${sentence}\n` : renderObject(object, format));
}
