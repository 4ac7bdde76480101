/** What a grant should open, from the flags of the gateway verbs. */
import type { Command } from 'commander';
import type { GatewaySubject, GatewayToken } from '#apis/index.ts';
import { defaultGrantLimits } from '#gateway/index.ts';
import { networksOf } from '#http/index.ts';
import { DurationError, formatDuration, parseDuration, parseTime } from '#kube/index.ts';
import { choiceProblems, integerProblems, nameProblems } from './name.ts';
import type { Problems } from './problems.ts';
import { repeated } from './repeated.ts';

export type GrantSpec = GatewayToken['spec'];

export interface GrantFlags {
  readonly for: string;
  readonly uses: string;
  readonly verb: readonly string[];
  readonly resource: readonly string[];
  readonly object: readonly string[];
  readonly selector: readonly string[];
  readonly allNamespaces: boolean;
  readonly url: readonly string[];
  readonly method: readonly string[];
  readonly connect: readonly string[];
  readonly client: readonly string[];
  readonly bindFirstClient: boolean;
  readonly notBefore?: string;
  readonly sessionMax?: string;
  readonly countPer: string;
  readonly maxConcurrent?: string;
  readonly cluster: string;
  readonly viewOnly: boolean;
  readonly approvals?: string;
  readonly approver: readonly string[];
  readonly record: string;
}

const streams = ['exec', 'attach', 'portforward', 'proxy', 'log', 'vnc', 'console', 'usbredir'];
const verbsDefault = ['get', 'list', 'watch'];

/** Adds the flags that say what a grant opens. */
export function addGrantFlags(command: Command): Command {
  return command
    .option('--for <duration>', 'how long it can be used', '15m')
    .option('--uses <count>', 'how often it can be used', '1')
    .option('--verb <verb>', 'verb such as get or delete (default: get, list, watch)', repeated, [])
    .option('--resource <resource>', 'such as pods, pods/status, deployments.apps', repeated, [])
    .option('--object <name>', 'only objects of this name', repeated, [])
    .option('--selector <selector>', 'only lists with this label selector', repeated, [])
    .option('-A, --all-namespaces', 'in all namespaces instead of the one of -n', false)
    .option('--connect <kind>', `stream to open: ${streams.join(', ')}`, repeated, [])
    .option('--url <pattern>', 'path such as /api/v1/namespaces/x/pods/*', repeated, [])
    .option('--method <method>', 'method for --url (default: get)', repeated, [])
    .option('--client <network>', 'only clients from this address or network', repeated, [])
    .option('--bind-first-client', 'only the address that used it first', false)
    .option('--not-before <time>', 'when it begins, such as 2027-01-31T08:00:00Z')
    .option('--session-max <duration>', 'how long one session lasts (default: --for)')
    .option('--count-per <what>', 'what a use is: redemption, request or stream', 'redemption')
    .option('--max-concurrent <count>', 'sessions at the same time')
    .option('--cluster <name>', 'cluster that the gateway reaches', 'local')
    .option('--view-only', 'let browsers look but not type', false)
    .option('--approvals <count>', 'how many others must approve it before it works (default: 0)')
    .option('--approver <who>', 'who may: NAME, group:NAME, account:NAMESPACE/NAME', repeated, [])
    .option('--record <when>', 'record terminals: policy of the gateway, always, never', 'policy');
}

/** The spec, with what is wrong noted. @param namespace of the rules, unless all are meant */
export function readGrantSpec(problems: Problems, flags: GrantFlags, namespace: string): GrantSpec {
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
  if (flags.notBefore !== undefined && parseTime(flags.notBefore) === undefined) {
    problems.add(
      `--not-before is not valid: "${flags.notBefore}" is no time such as 2027-01-31T08:00:00Z`,
    );
  }
  problems.add(...urlProblems(flags));
  const networks = networksOf(flags.client);
  if ('wrong' in networks) {
    problems.add(`--client is not valid: "${networks.wrong}" is neither address nor network`);
  }
  const rules = rulesOf(problems, flags, namespace);
  const connect = lists(flags.connect) as NonNullable<GrantSpec['connect']>;
  return {
    ...(rules.length === 0 ? {} : { rules }),
    ...(connect.length === 0 ? {} : { connect }),
    ...(flags.url.length === 0 ? {} : { urls: [...flags.url] }),
    ...(flags.method.length === 0 ? {} : { methods: lists(flags.method) }),
    ...(flags.notBefore === undefined ? {} : { notBefore: flags.notBefore }),
    expirationWindow: durationOf(problems, '--for', flags.for),
    ...(flags.sessionMax === undefined
      ? {}
      : { sessionMax: durationOf(problems, '--session-max', flags.sessionMax) }),
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

function rulesOf(
  problems: Problems,
  flags: GrantFlags,
  namespace: string,
): NonNullable<GrantSpec['rules']> {
  const resources = lists(flags.resource);
  if (resources.length === 0) {
    if (flags.url.length === 0) problems.add('nothing to open: give --resource or --url');
    for (const flag of ['verb', 'object', 'selector', 'connect'] as const) {
      if (flags[flag].length > 0 && !(flag === 'connect' && flags.url.length > 0)) {
        problems.add(`--${flag} has a meaning only together with --resource`);
      }
    }
    return [];
  }
  const verbs = lists(flags.verb);
  const byGroup = Map.groupBy(resources, (text) => groupOf(text));
  return [...byGroup].map(([group, names]) => ({
    verbs: verbs.length === 0 ? verbsDefault : verbs,
    ...(group === undefined ? {} : { apiGroups: [group] }),
    resources: names.map((text) => plainResource(text)),
    ...(flags.object.length === 0 ? {} : { resourceNames: lists(flags.object) }),
    ...(flags.allNamespaces ? {} : { namespaces: [namespace] }),
    ...(flags.selector.length === 0 ? {} : { selectors: [...flags.selector] }),
  }));
}

/** The group in `deployments.apps` or `deployments.apps/scale`; undefined when none is named. */
function groupOf(text: string): string | undefined {
  const [name = ''] = text.split('/', 1);
  const dot = name.indexOf('.');
  return dot < 0 ? undefined : name.slice(dot + 1);
}

function plainResource(text: string): string {
  const [name = '', sub] = text.split('/', 2);
  const [plain = ''] = name.split('.', 1);
  return sub === undefined ? plain : `${plain}/${sub}`;
}

function urlProblems({ url, method }: GrantFlags): string[] {
  const problems =
    method.length > 0 && url.length === 0
      ? ['--method has a meaning only together with --url']
      : [];
  for (const pattern of url) {
    if (
      !/^\/([A-Za-z0-9._~:-]+|\*)(\/([A-Za-z0-9._~:-]+|\*))*$/.test(pattern) ||
      pattern === '/*'
    ) {
      problems.push(
        `--url is not valid: "${pattern}" is not a path whose stars are whole segments`,
      );
    }
  }
  return problems;
}

function durationOf(problems: Problems, flag: string, text: string): string {
  try {
    const ms = parseDuration(text);
    if (ms > windowMsMax)
      problems.add(`${flag} is not valid: at most ${formatDuration(windowMsMax)}`);
    if (ms > 0) return formatDuration(ms);
    problems.add(`${flag} is not valid: "${text}" is not longer than nothing`);
  } catch (thrown) {
    if (!(thrown instanceof DurationError)) throw thrown;
    problems.add(`${flag} is not valid: "${text}" is not a duration such as 90s or 1h30m`);
  }
  return text;
}

/** What gateways honour at most. */
const { windowMsMax } = defaultGrantLimits;

/** Values may be repeated flags or lists with commas. */
function lists(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim());
}
