/** Label selectors as the API understands them. */
import { messageOf } from '#base/errors.ts';
import { parseLabelSelector } from '#kube/index.ts';

/** What is wrong with a selector such as `app=web,tier in (a,b),!canary`. */
export function selectorProblems(text: string): string[] {
  try {
    if (!parseLabelSelector(text).isEmpty) return [];
    return ['selector is not valid: it is empty'];
  } catch (thrown) {
    return [`selector is not valid: ${messageOf(thrown)}`];
  }
}
