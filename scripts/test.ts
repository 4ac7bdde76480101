/**
 * Runs tiers of tests and ends with one plain line of counts.
 *
 *   scripts/test.ts [unit] [sim] [system] [conformance] [heavy] [--only TEXT] [--counts FILE]
 *
 * unit    everything that runs inside one process or its direct children
 * sim     large simulated networks of routers: only processor time
 * system  whole processes as a user starts them; needs nothing but npm, uses kubectl when there
 * conformance  one suite against the embedded API server or, with TARGET=real, a real one
 * heavy   what CI adds: foreign routers, network namespaces, large transfers, other kubectls
 */
import { appendFileSync, globSync } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { repositoryRoot } from './house/source-tree.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, counts: { type: 'string' } },
});

const tiers: Readonly<Record<string, (path: string) => boolean>> = {
  unit: (path) => !/^test\/(sim|system|conformance|heavy)\//.test(path),
  sim: (path) => path.startsWith('test/sim/'),
  system: (path) => path.startsWith('test/system/'),
  conformance: (path) => path.startsWith('test/conformance/'),
  heavy: (path) => path.startsWith('test/heavy/'),
};

const all = globSync('test/**/*.test.ts', { cwd: repositoryRoot }).toSorted();
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = new Set<string>();

interface Outcome {
  readonly name: string;
  readonly file?: string;
  readonly skip?: string | boolean;
  readonly details: { readonly error?: Error & { readonly cause?: unknown } };
}

async function runTier(tier: string): Promise<void> {
  const matches = tiers[tier];
  if (!matches) {
    console.error(`unknown tier ${tier}: choose from ${Object.keys(tiers).join(', ')}`);
    process.exit(2);
  }
  const files = all.filter((path) => matches(path) && path.includes(values.only ?? ''));
  if (files.length === 0) {
    console.error(
      `tier ${tier}: no test file${values.only ? ` whose path has ${values.only}` : ''}`,
    );
    total.failed++;
    return;
  }
  const stream = run({
    files: files.map((path) => `${repositoryRoot}/${path}`),
    concurrency: tier === 'unit' ? 2 : 1,
    timeout: tier === 'heavy' ? 900_000 : 300_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  for await (const event of stream) {
    if (event.type === 'test:pass') onPass(event.data as Outcome);
    else if (event.type === 'test:fail') onFail(event.data as Outcome);
    else if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      if (process.env['TEST_OUTPUT']) process.stdout.write(event.data.message);
    } else if (event.type === 'test:summary' && event.data.file !== undefined) {
      const { counts, duration_ms: durationMs } = event.data;
      const path = relative(repositoryRoot, event.data.file);
      const state = event.data.success ? 'ok  ' : 'FAIL';
      console.log(`${state} ${path} (${counts.tests} tests, ${Math.round(durationMs)} ms)`);
    }
  }
}

function onPass(outcome: Outcome): void {
  if (outcome.skip === undefined || outcome.skip === false) {
    total.passed++;
    return;
  }
  total.skipped++;
  const reason = typeof outcome.skip === 'string' ? outcome.skip : 'no reason given';
  if (skips.has(reason)) return;
  skips.add(reason);
  console.log(`skip ${outcome.name}: ${reason}`);
}

function onFail(outcome: Outcome): void {
  total.failed++;
  const error = outcome.details.error;
  const cause = error?.cause instanceof Error ? error.cause : error;
  const file = outcome.file === undefined ? '' : relative(repositoryRoot, outcome.file);
  console.log(`FAIL ${file}: ${outcome.name}\n${cause?.stack ?? String(cause)}\n`);
}

for (const tier of positionals.length > 0 ? positionals : ['unit', 'sim', 'system', 'conformance'])
  await runTier(tier);
if (values.counts) {
  appendFileSync(values.counts, `${total.passed} ${total.failed} ${total.skipped}\n`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
