/** Set TEST_LOG to a level to see what the control plane of a test logs. */
import { type Logger, silentLogger } from '#base/log.ts';
import { createLogger } from '#telemetry/index.ts';

export function testLogger(): Logger {
  const level = process.env['TEST_LOG'];
  if (level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') {
    return silentLogger;
  }
  return createLogger({ level });
}
