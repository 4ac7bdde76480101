/** A router process for tests: the configuration file is the first argument. */
import { runRouter } from '../../src/app/router-process/router.ts';

process.exit(
  await runRouter({
    source: { configPath: process.argv[2] ?? '' },
    exitWithStdin: process.argv.includes('--exit-with-stdin'),
    ...(process.argv.includes('--heartbeat') ? { heartbeatFd: 3 } : {}),
    env: process.env,
  }),
);
