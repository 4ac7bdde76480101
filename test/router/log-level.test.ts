import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CodedError } from '#base/errors.ts';
import type { LogLevel } from '#base/log.ts';
import { createLogger } from '#telemetry/index.ts';
import { startRouter } from '../../src/app/router-process/router.ts';
import { LogKind } from '../../src/router/agent/log-kind.ts';
import { makeCertificates } from '../support/router-certificates.ts';

function bench(): { kind: LogKind; told: (LogLevel | undefined)[] } {
  const told: (LogLevel | undefined)[] = [];
  return { kind: new LogKind((level) => told.push(level)), told };
}

for (const [enable, expected] of [
  ['debug+', 'debug'],
  ['trace+', 'debug'],
  ['info+', 'info'],
  ['notice', 'info'],
  ['warning+', 'warn'],
  ['error+', 'error'],
  ['critical+', 'error'],
  ['error+, info', 'info'],
  ['default', undefined],
] as const) {
  test(`enable ${enable} writes from ${String(expected)}`, () => {
    const { kind, told } = bench();
    kind.create(undefined, { module: 'ROUTER', enable });
    assert.deepEqual(told, [expected]);
  });
}

test('the lowest level of all modules counts, and an update changes it', () => {
  const { kind, told } = bench();
  kind.create(undefined, { module: 'DEFAULT', enable: 'error+' });
  kind.create(undefined, { module: 'ROUTER', enable: 'debug+' });
  kind.update('log/ROUTER', { enable: 'warning+' });
  kind.update('log/ROUTER', { enable: 'default' });
  kind.create(undefined, { module: 'DEFAULT', enable: 'info+' });
  assert.deepEqual(told, ['error', 'debug', 'warn', 'error', 'info']);
  const shown = [...kind.entities()].map(({ name, attributes }) => [name, attributes['enable']]);
  assert.deepEqual(shown, [
    ['log/DEFAULT', 'info+'],
    ['log/ROUTER', 'default'],
  ]);
});

for (const changes of [
  { enable: 'loud+' },
  { enable: 'info+,' },
  { enable: 'constructor' },
  { outputFile: 'router.log' },
  { includeTimestamp: false },
  { includeSource: true },
]) {
  test(`${JSON.stringify(changes)} is refused and changes nothing`, () => {
    const { kind, told } = bench();
    const refused = (thrown: unknown): boolean =>
      thrown instanceof CodedError && thrown.code === 'MANAGEMENT_BAD_REQUEST';
    assert.throws(() => kind.create(undefined, { module: 'ROUTER', ...changes }), refused);
    assert.throws(() => kind.update('log/DEFAULT', changes), refused);
    assert.deepEqual(told, []);
    assert.equal([...kind.entities()].length, 1);
  });
}

test('the level of the configuration file is that of the process', async (t) => {
  const certificates = await makeCertificates();
  t.after(() => certificates.remove());
  const run = async (enable: string): Promise<string> => {
    const configPath = join(certificates.directory, 'router.json');
    const entities = [
      ['router', { id: 'A', mode: 'interior' }],
      ['log', { module: 'ROUTER_CORE', enable }],
    ];
    writeFileSync(configPath, JSON.stringify(entities));
    let lines = '';
    const write = (line: string): void => void (lines += line);
    const log = createLogger({ level: 'info', destination: { write } });
    const running = await startRouter({ configPath, env: {} }, log);
    await running.stop();
    return lines;
  };
  assert.match(await run('info+'), /router started/u);
  assert.doesNotMatch(await run('error+'), /router started/u);
  await assert.rejects(run('loud+'), /enable.*loud/u);
});
