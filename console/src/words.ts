/** Rules and capabilities as sentences for people. */
import type { Grant, SessionRule } from './session.ts';

const reading: readonly string[] = ['get', 'list', 'watch'];
const changing: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'change',
  patch: 'change',
  delete: 'delete',
  deletecollection: 'delete all of',
};

const capabilities: Readonly<Record<string, string>> = {
  exec: 'run commands in containers',
  attach: 'attach to running containers',
  portforward: 'forward ports of pods',
  proxy: 'reach HTTP services inside the cluster',
  log: 'read logs of containers',
  vnc: 'see and use the screens of virtual machines',
  console: 'use the serial consoles of virtual machines',
  usbredir: 'redirect USB devices to virtual machines',
  vsock: 'open sockets of virtual machines',
};

function joined(words: readonly string[], last = 'and'): string {
  const [head = '', ...rest] = words;
  if (rest.length === 0) return head;
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

/** What one rule says. */
export function ruleSentence(rule: SessionRule): string {
  const verbs = rule.verbs ?? [];
  const deeds = verbs.includes('*')
    ? ['do anything with']
    : [
        ...(verbs.some((verb) => reading.includes(verb)) ? ['see'] : []),
        ...new Set(verbs.flatMap((verb) => changing[verb] ?? (reading.includes(verb) ? [] : verb))),
      ];
  const groups = (rule.apiGroups ?? []).filter((group) => group !== '' && group !== '*');
  const all = groups.length === 0 ? 'all resources' : `all resources of ${joined(groups)}`;
  const named = rule.resources ?? [];
  const resources = (named.length === 0 ? ['*'] : named).map((name) => (name === '*' ? all : name));
  const subresources = rule.subresources ?? [];
  const what = joined(resources) + (subresources.length === 0 ? '' : ` (${joined(subresources)})`);
  const names = rule.resourceNames ?? [];
  const called = names.length === 0 ? '' : ` named ${joined(names, 'or')}`;
  const spaces = rule.namespaces ?? [];
  const where =
    spaces.length === 0 || spaces.includes('*')
      ? ' in every namespace'
      : ` in ${spaces.length === 1 ? 'namespace' : 'namespaces'} ${joined(spaces)}`;
  const selectors = rule.selectors ?? [];
  const labelled = selectors.length === 0 ? '' : ` with labels ${joined(selectors)}`;
  const may = rule.effect === 'deny' ? 'You may not' : 'You may';
  return `${may} ${joined(deeds)} ${what}${called}${where}${labelled}.`;
}

/** Everything a grant allows, a sentence each; what two rules say alike is said once. */
export function grantSentences(grant: Grant): readonly string[] {
  const methods = grant.methods.length === 0 ? ['get'] : grant.methods;
  const urls = grant.urls.map(
    (url) => `You may use ${joined(methods.map((method) => method.toUpperCase()))} on ${url}.`,
  );
  const ways = grant.connect.map((way) => `You may ${capabilities[way] ?? way}.`);
  return [...new Set([...grant.rules.map(ruleSentence), ...urls, ...ways])];
}

/** A span such as `1 h 05 min`, `4 min 07 s` or `42 s`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${two(m)} min`;
  return m > 0 ? `${m} min ${two(s)} s` : `${s} s`;
}
