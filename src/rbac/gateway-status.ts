/**
 * Who may write what into the status of a GatewayToken: writing the status is not enough to take
 * over somebody's token, to use it more often, or to approve one. The gateway itself, and
 * whoever else may escalate, is not asked.
 */
import { equalJson } from '#kube/index.ts';
import { type User, whoText } from './user.ts';

type Status = Readonly<Record<string, unknown>>;

export interface StatusWrite {
  readonly user: User;
  /** Who created the token, as far as that is known for sure. */
  readonly issuer: string | undefined;
  readonly before: Status;
  readonly after: Status;
}

/** Why the write is refused, about its writer; undefined when it is not. */
export function statusRefusal(write: StatusWrite): string | undefined {
  const why = keptFault(write) ?? codeFault(write);
  return why === undefined ? undefined : `${whoText(write.user)} ${why}`;
}

/** Fields that others than the gateway write. Approvals come through it, sealed. */
const open = new Set(['codeHash']);

function keptFault({ before, after }: StatusWrite): string | undefined {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].find(
    (name) => !open.has(name) && !equalJson(after[name] ?? null, before[name] ?? null),
  );
  if (changed === undefined) return undefined;
  if (changed === 'login') return 'cannot say who has logged in';
  return `cannot change status.${changed}, which the gateway alone writes`;
}

function codeFault({ user, issuer, before, after }: StatusWrite): string | undefined {
  if (after['codeHash'] === before['codeHash']) return undefined;
  if (before['codeHash'] === undefined && issuer === user.name) return undefined;
  return 'is not its issuer, who alone gives it a code, once';
}
