/** A router process for tests: the configuration file is the first argument. */
import { runRouter } from '../../src/app/router-process/router.ts';

process.exit(
  await runRouter({
    source: { configPath: process.argv[2] ?? '' },
    exitWithStdin: process.argv.includes('--exit-with-stdin'),
    env: process.env,
  }),
);
