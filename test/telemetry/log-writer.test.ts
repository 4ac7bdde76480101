import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '#base/errors.ts';
import { Secret } from '#base/secret.ts';
import { createLogger, type RunningLogger } from '#telemetry/index.ts';

class SampleError extends CodedError<'SAMPLE_FAULT'> {}

function capture(level: 'debug' | 'info' | 'warn' | 'error' = 'debug'): {
  log: RunningLogger;
  lines: Record<string, unknown>[];
} {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level,
    facts: { component: 'router' },
    destination: { write: (line) => lines.push(JSON.parse(line)) },
  });
  return { log, lines };
}

test('a line is one JSON object with level, time, component, message and facts', () => {
  const { log, lines } = capture();
  log.info('link is up', { link: 'west', cost: 2n });
  const [line] = lines;
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/u);
  delete line?.['time'];
  assert.deepEqual(line, {
    level: 'info',
    component: 'router',
    message: 'link is up',
    link: 'west',
    cost: '2',
  });
});

test('lines below the level are left out, also after the level changes', () => {
  const { log, lines } = capture('warn');
  const child = log.child({ site: 's' });
  log.info('quiet');
  log.warn('loud');
  log.setLevel('debug');
  log.debug('now heard');
  child.error('always');
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['loud', 'now heard', 'always'],
  );
  assert.equal(lines[2]?.['site'], 's');
});

test('a secret is a mask wherever it stands', () => {
  const { log, lines } = capture();
  const code = new Secret('hunter2');
  log.info('token', {
    code,
    nested: { list: [code] },
    error: new SampleError('SAMPLE_FAULT', 'x'),
  });
  log.child({ code }).info('child');
  assert.ok(!JSON.stringify(lines).includes('hunter2'));
  assert.equal(lines[0]?.['code'], '[secret]');
});

test('an error appears with its code, facts and causes', () => {
  const { log, lines } = capture();
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const error = new SampleError('SAMPLE_FAULT', 'no way', { cause, facts: { attempt: 3 } });
  log.error('failed', { error });
  const written = lines[0]?.['error'] as Record<string, unknown>;
  assert.equal(written['code'], 'SAMPLE_FAULT');
  assert.equal(written['attempt'], 3);
  assert.deepEqual(written['cause'], {
    name: 'Error',
    message: 'refused',
    code: 'ECONNREFUSED',
  });
});

test('a fact that a child sets again is written once', () => {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    facts: { component: 'up', site: 'west' },
    destination: { write: (line) => lines.push(line) },
  });
  log.child({ component: 'router' }).info('hello', { site: 'east' });
  assert.equal(lines[0]?.match(/"component"/g)?.length, 1);
  const { component, site } = JSON.parse(lines[0] ?? '{}');
  assert.deepEqual([component, site], ['router', 'east']);
});
