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
  /** Its record in the network; absent while nobody reports it. */
  readonly record: NetworkLink | undefined;
}

/** The same object when nothing changes. */
export function decideLinkStatus(
  link: Link,
  facts: LinkFacts,
  at: Evaluation,
): NonNullable<Link['status']> {
  const before = link.status ?? {};
  const { problem, record } = facts;
  const operational = problem === undefined && record?.operational === true;
  const settled = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Operational: operational ? stateReady() : statePending(messages.notOperational),
    },
    ['Configured', 'Operational'],
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
