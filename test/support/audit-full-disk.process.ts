/**
 * An audit log on a file system of its own that fills up in the middle of a record, and has room
 * again. Prints one JSON line.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#base/log.ts';
import { AuditLog } from '#gateway/audit/audit-log.ts';
import type { AuditRecord } from '#gateway/audit/audit-record.ts';
import { verifyAuditLog } from '#gateway/index.ts';
import { systemClock } from './system.ts';
import { until } from './until.ts';

const [mount = '.'] = process.argv.slice(2);
const ballast = join(mount, 'ballast');
const count = 600;
const file = join(mount, 'audit.jsonl');
writeFileSync(ballast, Buffer.alloc(512 * 1024));
const log = new AuditLog({ clock: systemClock, log: silentLogger }, { file, failClosed: true });
await log.start();
// Records and pages of the disk have no common measure, so that the last write takes a part only.
const record: AuditRecord = {
  kind: 'request',
  auditId: 'x'.repeat(1013),
  client: '192.0.2.1',
  method: 'GET',
  target: '/k8s/api/v1/pods',
  decision: 'allow',
  rule: 'rules[0]',
  status: 200,
};

function isRefusing(): boolean {
  try {
    log.refuseUnrecorded();
    return false;
  } catch {
    return true;
  }
}

for (let at = 0; at < count; at++) log.append(record);
await until(isRefusing, 'the disk to be full');
rmSync(ballast);
await until(() => !isRefusing(), 'the log to be written again');
await log.stop();
const verdict = await verifyAuditLog(file);
const { intact } = verdict;
const gap = intact && verdict.records !== count;
process.stdout.write(`${JSON.stringify({ intact, gap })}\n`);
process.exit(0);
