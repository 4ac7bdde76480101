/**
 * One decision about a request: reading its target, and looking through 10 or 10 000 bindings for a
 * user who holds two of them and is refused, the longest way.
 *
 *   ./bin/runtime bench/micro/access.bench.ts
 */
import { bench, do_not_optimize, run } from 'mitata';
import { AccessIndex, requestInfo, type User } from '#rbac/index.ts';

const user: User = {
  name: 'system:serviceaccount:west:bot',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:west', 'system:authenticated'],
};
const target = '/apis/skupper.io/v2alpha1/namespaces/west/listeners/web';
const rules = Array.from({ length: 8 }, (_each, index) => ({
  verbs: ['get', 'list', 'watch'],
  apiGroups: ['skupper.io'],
  resources: [`kind${index}`, 'links', 'sites'],
}));

function indexOf(count: number): AccessIndex {
  const index = new AccessIndex();
  index.setRole({ namespace: '', name: 'role', rules });
  for (let i = 0; i < count; i++) {
    const mine = i < 2;
    index.setBinding({
      namespace: mine ? 'west' : `ns${i % 100}`,
      name: `b${i}`,
      roleRef: { kind: 'ClusterRole', name: 'role' },
      subjects: [{ kind: 'ServiceAccount', name: mine ? 'bot' : `bot${i}`, namespace: 'west' }],
    });
  }
  return index;
}

bench('requestInfo', () => do_not_optimize(requestInfo('GET', target)));
const info = requestInfo('GET', target);
for (const count of [10, 10_000]) {
  const index = indexOf(count);
  if (!info) throw new Error('the target cannot be read');
  bench(`decide, ${count} bindings`, () => do_not_optimize(index.decide(user, info)));
}

await run();
