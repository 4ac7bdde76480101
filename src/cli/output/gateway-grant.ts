/** Grants of the gateway in words: what they open, how often, until when. */
import type { GatewayRule, GatewayToken } from '#apis/index.ts';
import { formatTime, humanAge, parseDuration, parseTime } from '#kube/index.ts';
import { renderTable } from './table.ts';

/** What a grant opens, one phrase for each rule. */
export function grantPhrases({ spec }: GatewayToken): readonly string[] {
  const rules = (spec.rules ?? []).map((rule) => {
    const what = (rule.resources ?? ['everything']).map((text) => fullName(text, rule)).join(', ');
    const names = rule.resourceNames === undefined ? '' : ` ${rule.resourceNames.join(', ')}`;
    const { selectors = [] } = rule;
    const picked = selectors.length === 0 ? '' : ` with ${selectors.join(' and ')}`;
    const where =
      rule.namespaces === undefined ? 'in all namespaces' : `in ${rule.namespaces.join(', ')}`;
    const verb = rule.effect === 'deny' ? 'never ' : '';
    return `${verb}${rule.verbs.join(', ')} ${what}${names} ${where}${picked}`;
  });
  const connect = spec.connect ?? [];
  return [
    ...rules,
    ...(spec.urls ?? []).map((url) => `${(spec.methods ?? ['get']).join(', ')} ${url}`),
    ...(connect.length === 0 ? [] : [`open ${connect.join(', ')}`]),
  ];
}

/** `deployments.apps/scale`: the core group has no name, and every group is said as none. */
function fullName(text: string, { apiGroups = [] }: GatewayRule): string {
  const [group = '', ...more] = apiGroups;
  if (more.length > 0) return `${text} (${apiGroups.join(', ')})`;
  return group === '' || group === '*' ? text : text.replace(/^[^/]+/, `$&.${group}`);
}

/** When it ends; milliseconds since 1970. */
export function grantEndMs({ metadata, spec }: GatewayToken): number {
  const start = parseTime(spec.notBefore ?? metadata.creationTimestamp ?? '') ?? 0;
  return start + parseDuration(spec.expirationWindow ?? '15m');
}

/** How often and until when, as a sentence. */
export function grantSentence(grant: GatewayToken, nowMs: number): string {
  const { spec } = grant;
  const uses = spec.usesAllowed ?? 1;
  const often = uses === 1 ? 'once' : `${uses} times`;
  const per =
    spec.countPer === undefined || spec.countPer === 'redemption'
      ? ''
      : ` (each ${spec.countPer} counts)`;
  const begin = parseTime(spec.notBefore ?? '');
  const from = begin !== undefined && begin > nowMs ? `from ${formatTime(begin)} ` : '';
  const endMs = grantEndMs(grant);
  return `It works ${often}${per}, ${from}until ${formatTime(endMs)} (in ${humanAge(roundly(endMs - nowMs))})`;
}

/** The seconds since it was made are of no interest where minutes are told. */
function roundly(ms: number): number {
  return ms < 60_000 ? ms + 999 : Math.round(ms / 5_000) * 5_000;
}

/** That others have to agree first; nothing when they need not. */
export function approvalWords({ metadata, spec }: GatewayToken): readonly string[] {
  const { required = 0, from = [] } = spec.approval ?? {};
  if (required === 0) return [];
  const who = from.map(({ kind, name, namespace }) =>
    kind === 'Group' ? `group ${name}` : `${namespace === undefined ? '' : `${namespace}/`}${name}`,
  );
  const whom = who.length === 0 ? 'of people who may' : `of ${who.join(', ')}`;
  const { name, namespace = 'default' } = metadata;
  const many = required === 1 ? 'one approval' : `${required} approvals`;
  return [`It waits for ${many} ${whom}: drawbridge gateway approve ${name} -n ${namespace}`];
}

/** What is left; a dash when nothing is. */
function leftOf(grant: GatewayToken, nowMs: number): string {
  const leftMs = (parseTime(grant.status?.expirationTime ?? '') ?? 0) - nowMs;
  return leftMs > 0 && grant.spec.revoked !== true ? humanAge(leftMs) : '-';
}

/** Who denies a grant revokes it by that. */
function endOf({ status }: GatewayToken): string {
  const denial = (status?.approvals ?? []).find(({ decision }) => decision === 'denied');
  if (denial === undefined) return 'Revoked';
  const { namespace, name, reason = '' } = denial;
  const who = namespace === undefined ? name : `${namespace}/${name}`;
  return `Denied by ${who}${reason === '' ? '' : `: ${reason}`}`;
}

/** True when it has been over for so long that hardly anybody asks for it. */
export function isLongOver({ spec, status = {} }: GatewayToken, nowMs: number): boolean {
  const { expirationTime, conditions = [] } = status;
  const settled = conditions.map(
    ({ lastTransitionTime }) => parseTime(lastTransitionTime ?? '') ?? 0,
  );
  const ends = [
    ...(spec.revoked === true && settled.length > 0 ? [Math.max(...settled)] : []),
    ...(expirationTime === undefined ? [] : [parseTime(expirationTime) ?? nowMs]),
  ];
  return ends.length > 0 && Math.min(...ends) + longOverMs < nowMs;
}

/** A grant that ended is listed for this long; milliseconds. */
const longOverMs = 3_600_000;

/** The table of `gateway list`. */
export function renderGrants(
  grants: readonly GatewayToken[],
  namespaces: boolean,
  nowMs: number,
): string {
  const titles = ['NAME', 'OPENS', 'USES', 'ENDS IN', 'EXPIRES', 'STATUS', 'ISSUED BY'];
  const rows = grants.map((grant) => {
    const { spec, status, metadata } = grant;
    const row = [
      metadata.name,
      grantPhrases(grant).join('; '),
      `${status?.uses ?? 0}/${spec.usesAllowed ?? 1}`,
      leftOf(grant, nowMs),
      status?.expirationTime ?? '',
      spec.revoked === true ? endOf(grant) : (status?.message ?? 'Pending'),
      status?.issuedBy ?? '',
    ];
    return namespaces ? [metadata.namespace ?? '', ...row] : row;
  });
  return renderTable(namespaces ? ['NAMESPACE', ...titles] : titles, rows);
}
