/** What a grant opens, from its flags: rules for resources, patterns for paths. */
import { parseUrlPattern } from '#gateway/index.ts';
import { nearest } from '../nearest.ts';
import type { Problems } from '../problems.ts';
import { selectorProblems } from '../selector.ts';
import { type GrantFlags, type GrantSpec, lists, streams } from './grant-flags.ts';

const verbsDefault = ['get', 'list', 'watch'];
/** What requests can come to at an API server; others would make a rule that covers nothing. */
export const verbsKnown = [
  ...verbsDefault,
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  '*',
];
/** What `--method` takes. */
export const methodsKnown = ['get', 'post', 'put', 'patch', 'delete', 'watch'];
/** Methods given where a verb is asked for. */
const verbOfMethod: Readonly<Record<string, string>> = { post: 'create', put: 'update' };

/** The rules, with what is wrong noted. @param namespace of the rules, unless all are meant */
export function rulesOf(
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
  problems.add(
    ...verbs.flatMap((verb) => wordProblems('--verb', verb, verbsKnown)),
    ...flags.selector.flatMap((text) => selectorProblems(text).map((why) => `--${why}`)),
    ...resources.flatMap((text) => resourceProblems(text, flags.connect)),
  );
  if (lists(flags.object).includes('')) problems.add('--object is not valid: a name is empty');
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

/** What a resource cannot be, whatever the API server has. */
function resourceProblems(text: string, connect: readonly string[]): string[] {
  const [name = '', sub, ...more] = text.split('/');
  if (name === '' || name.startsWith('.') || sub === '' || more.length > 0) {
    return [`--resource is not valid: "${text}" is nothing such as pods or pods/status`];
  }
  if (sub === undefined || !streams.includes(sub) || lists(connect).includes(sub)) return [];
  return [`--resource ${text} opens no ${sub} by itself: give --resource ${name} --connect ${sub}`];
}

/** What is wrong with the paths and their methods. */
export function urlProblems({ url, method }: GrantFlags): string[] {
  const known = lists(method).map((each) => each.toLowerCase());
  return [
    ...(method.length > 0 && url.length === 0
      ? ['--method has a meaning only together with --url']
      : []),
    ...known.flatMap((each) => wordProblems('--method', each, methodsKnown)),
    ...url
      .filter((pattern) => parseUrlPattern(pattern) === undefined)
      .map(
        (pattern) =>
          `--url is not valid: "${pattern}" is not a path without dots whose stars are whole segments`,
      ),
  ];
}

function wordProblems(flag: string, word: string, known: readonly string[]): string[] {
  if (known.includes(word)) return [];
  const near = verbOfMethod[word.toLowerCase()] ?? nearest(word, known);
  const instead = near === undefined ? `one of ${known.join(', ')}` : `did you mean ${near}?`;
  return [`${flag} is not valid: "${word}" is none; ${instead}`];
}
