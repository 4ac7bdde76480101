/** A running `up` as people use it with kubectl. */
import assert from 'node:assert/strict';
import { kubectlPath } from './process-kubectl.ts';
import { type Finished, runProcess } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';
import type { Place } from './up-seed-000.ts';
import { succeeded } from './up-sites.ts';

export interface UpKubectl {
  readonly run: (...args: string[]) => Promise<Finished>;
  /** Applies objects, which must succeed. */
  readonly apply: (...objects: readonly object[]) => Promise<void>;
  /** What a JSONPath of an object gives. */
  readonly read: (namespace: string, of: string, path: string) => Promise<string>;
  /** Waits until a JSONPath of an object gives this. */
  readonly becomes: (
    namespace: string,
    of: string,
    path: string,
    expected: RegExp | string,
  ) => Promise<void>;
}

/** Where kubectl works, with something to say when it waits in vain. */
export interface KubectlPlace extends Place {
  readonly process: { describe(): string };
}

/** @param program path of kubectl; the one of this machine when absent */
export function upKubectl(up: KubectlPlace, program?: string): UpKubectl {
  const env = { ...up.env, KUBECONFIG: up.ready.kubeconfig };
  const kubectl = program ?? kubectlPath ?? 'kubectl';
  const run = (...args: string[]) => runProcess(kubectl, args, { env });
  const read: UpKubectl['read'] = async (namespace, of, path) =>
    succeeded(await run('get', of, '-n', namespace, '-o', `jsonpath=${path}`));
  return {
    run,
    read,
    apply: async (...items) => {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      succeeded(await runProcess(kubectl, ['apply', '-f', '-'], { env, input }));
    },
    becomes: async (namespace, of, path, expected) => {
      await waitUntil(
        `${path} of ${of} to be ${expected}`,
        async () => {
          const found = await read(namespace, of, path);
          if (typeof expected === 'string') assert.equal(found, expected);
          else assert.match(found, expected);
          return true;
        },
        { deadlineMs: 30_000, describe: () => up.process.describe() },
      );
    },
  };
}
