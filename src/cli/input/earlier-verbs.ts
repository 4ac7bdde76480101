/** Verbs that people know from Skupper v1 and that have another name here. */
const others: Readonly<Record<string, string>> = {
  init: "'drawbridge site create NAME' makes the site; '--enable-link-access' lets others link to it",
  delete: "'drawbridge site delete' removes the site, with --all everything else too",
  update: "'drawbridge site update' changes the site; programs are updated by installing them anew",
  service: "'drawbridge listener create NAME PORT' and 'drawbridge connector create NAME PORT'",
  network: "'drawbridge site status' shows the sites of the network and their links",
  policies: 'there are no policies; Listeners and Connectors say what is offered and used',
  switch: 'every verb takes -n NAMESPACE, --context and --kubeconfig',
};

/** What to run instead of an unknown verb; undefined when it was never one. */
export function otherNameOf(verb: string): string | undefined {
  return Object.hasOwn(others, verb) ? others[verb] : undefined;
}
