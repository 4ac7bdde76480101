/** What a grant should open, from the flags of the gateway verbs. */
import type { GatewaySubject } from '#apis/index.ts';
import { defaultGrantLimits } from '#gateway/index.ts';
import { networksOf } from '#http/index.ts';
import {
  DurationError,
  formatDuration,
  formatTime,
  parseDuration,
  parseTime,
} from '#kube/index.ts';
import { choiceProblems, integerProblems, nameProblems } from '../name.ts';
import type { Problems } from '../problems.ts';
import { type GrantFlags, type GrantSpec, lists, streams } from './grant-flags.ts';
import { rulesOf, urlProblems } from './grant-rules.ts';

/** The spec, with what is wrong noted. @param namespace of the rules, unless all are meant */
export function readGrantSpec(
  problems: Problems,
  flags: GrantFlags,
  namespace: string,
  nowMs: number,
): GrantSpec {
  problems.add(
    ...integerProblems('number of uses', flags.uses, 1),
    ...choiceProblems('--record', flags.record, ['policy', 'always', 'never']),
    ...choiceProblems('--count-per', flags.countPer, ['redemption', 'request', 'stream']),
    ...lists(flags.connect).flatMap((kind) => choiceProblems('--connect', kind, streams)),
    ...nameProblems('cluster name', flags.cluster),
  );
  if (flags.maxConcurrent !== undefined) {
    problems.add(...integerProblems('--max-concurrent', flags.maxConcurrent, 1));
  }
  problems.add(...urlProblems(flags));
  const networks = networksOf(flags.client);
  if ('wrong' in networks) {
    problems.add(`--client is not valid: "${networks.wrong}" is neither address nor network`);
  }
  const rules = rulesOf(problems, flags, namespace);
  const window = durationOf(problems, '--for', flags.for);
  if (flags.notBefore !== undefined) {
    problems.add(...beginProblems(flags.notBefore, msOf(window), nowMs));
  }
  const connect = lists(flags.connect) as NonNullable<GrantSpec['connect']>;
  return {
    ...(rules.length === 0 ? {} : { rules }),
    ...(connect.length === 0 ? {} : { connect }),
    ...(flags.url.length === 0 ? {} : { urls: [...flags.url] }),
    ...(flags.method.length === 0
      ? {}
      : { methods: lists(flags.method).map((each) => each.toLowerCase()) }),
    ...(flags.notBefore === undefined ? {} : { notBefore: flags.notBefore }),
    expirationWindow: window,
    ...sessionOf(problems, flags, window),
    usesAllowed: Number(flags.uses),
    countPer: flags.countPer as NonNullable<GrantSpec['countPer']>,
    ...(flags.maxConcurrent === undefined ? {} : { maxConcurrent: Number(flags.maxConcurrent) }),
    ...(flags.client.length === 0 ? {} : { clientCIDRs: [...flags.client] }),
    bindFirstClient: flags.bindFirstClient,
    cluster: flags.cluster,
    viewOnly: flags.viewOnly,
    ...approvalOf(problems, flags),
    recording: flags.record as NonNullable<GrantSpec['recording']>,
  };
}

function sessionOf(
  problems: Problems,
  { sessionMax }: GrantFlags,
  window: string,
): Pick<GrantSpec, 'sessionMax'> {
  if (sessionMax === undefined) return {};
  const text = durationOf(problems, '--session-max', sessionMax);
  if ((msOf(text) ?? 0) > (msOf(window) ?? windowMsMax)) {
    problems.add(
      `--session-max is not valid: no session outlasts its grant, see --for (${window})`,
    );
  }
  return { sessionMax: text };
}

/** When it begins: a time, after which something of the grant is left. */
function beginProblems(text: string, windowMs: number | undefined, nowMs: number): string[] {
  const beginMs = parseTime(text);
  if (beginMs === undefined) {
    return [`--not-before is not valid: "${text}" is no time such as 2027-01-31T08:00:00Z`];
  }
  if (windowMs === undefined || beginMs + windowMs > nowMs) return [];
  const end = formatTime(beginMs + windowMs);
  return [
    `--not-before is not valid: with --for ${formatDuration(windowMs)} it would have ended at ${end}`,
  ];
}

/** At least as many as there are to be asked, each once. */
function approvalOf(
  problems: Problems,
  { approvals, approver }: GrantFlags,
): Pick<GrantSpec, 'approval'> {
  if (approvals === undefined) {
    if (approver.length === 0) return {};
    problems.add('--approver has a meaning only together with --approvals');
  }
  const text = approvals ?? '1';
  problems.add(...integerProblems('number of approvals', text, 1));
  const required = Number(text);
  if (required > approvalsMax) {
    problems.add(`--approvals is not valid: at most ${approvalsMax}`);
  }
  const from = approver.map((each) => subjectOf(problems, each));
  const people = from.filter(({ kind }) => kind !== 'Group');
  if (from.length > 0 && people.length === from.length && people.length < required) {
    problems.add(
      `--approvals is not valid: ${required} are wanted and ${people.length} named with --approver`,
    );
  }
  return { approval: { required, ...(from.length === 0 ? {} : { from }) } };
}

function subjectOf(problems: Problems, text: string): GatewaySubject {
  const [, word = '', rest = ''] = /^(group|account|user):(.*)$/.exec(text) ?? ['', 'user', text];
  if (word === 'account') {
    const [namespace = '', name = '', ...more] = rest.split('/');
    if (namespace !== '' && name !== '' && more.length === 0) {
      return { kind: 'ServiceAccount', namespace, name };
    }
    problems.add(`--approver is not valid: "${text}" is not account:NAMESPACE/NAME`);
  } else if (rest === '') problems.add(`--approver is not valid: "${text}" names nobody`);
  return { kind: word === 'group' ? 'Group' : 'User', name: rest };
}

/** As the schema of the kind says. */
const approvalsMax = 16;

function durationOf(problems: Problems, flag: string, text: string): string {
  const ms = msOf(text);
  if (ms === undefined) {
    problems.add(`${flag} is not valid: "${text}" is not a duration such as 90s or 1h30m`);
    return text;
  }
  if (ms > windowMsMax)
    problems.add(`${flag} is not valid: at most ${formatDuration(windowMsMax)}`);
  if (ms <= 0) problems.add(`${flag} is not valid: "${text}" is not longer than nothing`);
  return ms > 0 ? formatDuration(ms) : text;
}

/** The length of a duration; undefined when it is none. */
function msOf(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch (thrown) {
    if (thrown instanceof DurationError) return undefined;
    throw thrown;
  }
}

/** What gateways honour at most. */
const { windowMsMax } = defaultGrantLimits;
