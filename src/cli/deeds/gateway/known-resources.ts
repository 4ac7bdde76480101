/**
 * What people call a resource, as the API server calls it: `cm`, `Deployment`, `sites.skupper.io`.
 * A name that the API server does not know would make a grant that opens nothing, and one without
 * its group a grant for the resources of that name in every group.
 */
import type { GatewayRule } from '#apis/index.ts';
import { type ApiResource, type ApiResources, apiResources } from '../../api/api-resources.ts';
import type { Session } from '../../api/session.ts';
import { usageError } from '../../errors.ts';
import type { GrantSpec } from '../../input/grant/grant-flags.ts';
import { nearest } from '../../input/nearest.ts';

/** A resource in the words of a rule; no groups stand for all of them. */
interface Meant {
  readonly groups?: readonly string[];
  readonly text: string;
  readonly namespaced: boolean;
}

/** Where KubeVirt has the streams of its virtual machines. */
const alsoGroup: Readonly<Record<string, string>> = {
  'kubevirt.io': 'subresources.kubevirt.io',
};

/**
 * The spec with the resources as the API server names them; as it was for another cluster,
 * and as far as the API server does not tell.
 * @throws CliError CLI_USAGE naming what is unknown, with what was probably meant
 */
export async function withKnownResources(session: Session, spec: GrantSpec): Promise<GrantSpec> {
  const { rules = [], connect = [], cluster = 'local' } = spec;
  if (rules.length === 0 || cluster !== 'local') return spec;
  const known = await apiResources(session);
  const problems: string[] = [];
  const read = (rule: GatewayRule): readonly GatewayRule[] => {
    const meant = (rule.resources ?? []).flatMap((text) => {
      const found = meantBy(known, rule.apiGroups, text, connect);
      if (typeof found !== 'string') return [found];
      problems.push(`--resource is not valid: ${found}`);
      return [];
    });
    const alike = Map.groupBy(meant, ({ groups, namespaced }) =>
      JSON.stringify([groups, namespaced]),
    );
    return [...alike.values()].map((same) => ruleFor(rule, same));
  };
  const named = rules.flatMap(read);
  if (problems.length === 0) return { ...spec, rules: named };
  throw usageError(problems, "see 'kubectl api-resources', or give a path with --url");
}

/** What is meant, or what is wrong. */
function meantBy(
  { resources, complete }: ApiResources,
  groups: readonly string[] | undefined,
  text: string,
  connect: readonly string[],
): Meant | string {
  const [name = '', sub] = text.split('/', 2);
  const asItIs = { ...(groups === undefined ? {} : { groups }), text, namespaced: true };
  if (name === '*') return asItIs;
  const there = resources.filter(({ group }) => groups === undefined || groups.includes(group));
  const found = there.filter((each) => isCalled(each, name.toLowerCase()));
  const [first] = found;
  const full = groups === undefined || groups[0] === '' ? name : `${name}.${groups.join('')}`;
  if (first === undefined) {
    return complete ? `the API server has no "${full}"${hint(resources, there, name)}` : asItIs;
  }
  const same = first.group === '' ? [first] : found.filter(({ plural }) => plural === first.plural);
  if (complete && sub !== undefined && sub !== '*' && !connect.includes(sub)) {
    if (!same.some(({ subresources }) => subresources.has(sub))) {
      const subs = same
        .flatMap(({ subresources }) => [...subresources])
        .toSorted()
        .join(', ');
      const has = subs === '' ? 'it has none' : `there is ${subs}`;
      return `"${full}" has no subresource "${sub}": ${has}`;
    }
  }
  const own = same.map(({ group }) => group);
  const also = connect.length === 0 ? [] : own.flatMap((group) => alsoGroup[group] ?? []);
  return {
    groups: [...new Set([...own, ...also])],
    text: sub === undefined ? first.plural : `${first.plural}/${sub}`,
    namespaced: first.namespaced,
  };
}

function isCalled({ plural, names }: ApiResource, name: string): boolean {
  return plural === name || names.has(name);
}

/** What was probably meant: the same name in another group, or a name that is nearly the same. */
function hint(known: readonly ApiResource[], there: readonly ApiResource[], name: string): string {
  const elsewhere = known.find((each) => isCalled(each, name.toLowerCase()));
  const words = (there.length === 0 ? known : there).flatMap(({ plural, names }) => [
    plural,
    ...names,
  ]);
  const near = elsewhere === undefined ? nearest(name, words) : fullName(elsewhere);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function fullName({ plural, group }: ApiResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** What belongs to no namespace is not found in one. */
function ruleFor(rule: GatewayRule, same: readonly Meant[]): GatewayRule {
  const { apiGroups: _groups, namespaces, ...rest } = rule;
  const [{ groups, namespaced }] = same as [Meant];
  return {
    ...rest,
    ...(groups === undefined ? {} : { apiGroups: [...groups] }),
    resources: same.map(({ text }) => text),
    ...(namespaces === undefined || !namespaced ? {} : { namespaces }),
  };
}
