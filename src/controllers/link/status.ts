/** The status of a Link: is it configured, is it up, who is at the other end. Pure. */
import {
  type Evaluation,
  equalJson,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Link } from '../kinds.ts';
import { messages } from '../names.ts';
import type { NetworkLink } from '../network.ts';

export interface LinkFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** Why its certificate is not valid now, if so: matters once the link is down. */
  readonly lapsed?: string | undefined;
  /** Its record in the network; absent when nobody reports it, `unknown` before we could ask. */
  readonly record: NetworkLink | 'unknown' | undefined;
}

/** The same object when nothing changes. */
export function decideLinkStatus(
  link: Link,
  facts: LinkFacts,
  at: Evaluation,
): NonNullable<Link['status']> {
  const before = link.status ?? {};
  const isUp = facts.record !== 'unknown' && facts.record?.operational === true;
  const problem = facts.problem ?? (isUp ? undefined : facts.lapsed);
  const configured = problem === undefined ? stateReady() : stateError(problem);
  const required = ['Configured', 'Operational'];
  // Right after a start nothing is known of the network; what was true before may still be.
  if (facts.record === 'unknown' && problem === undefined && before.conditions !== undefined) {
    return settleStatus(before, { Configured: configured }, required, at);
  }
  const record = facts.record === 'unknown' ? undefined : facts.record;
  const operational = problem === undefined && record?.operational === true;
  const settled = settleStatus(
    before,
    {
      Configured: configured,
      Operational: operational ? stateReady() : statePending(messages.notOperational),
    },
    required,
    at,
  );
  const { remoteSiteId: _id, remoteSiteName: _name, ...rest } = settled;
  const next = {
    ...rest,
    ...(record?.remoteSiteId ? { remoteSiteId: record.remoteSiteId } : {}),
    ...(record?.remoteSiteName ? { remoteSiteName: record.remoteSiteName } : {}),
  };
  return equalJson(next, before) ? before : next;
}
