/**
 * Shortest paths over link states. Every router computes the same trees from the same link states,
 * because ties go to the lower id; that is what makes hop-by-hop forwarding free of loops and lets
 * each router know which origins reach a destination through it.
 */

/** Directed graph: router to its neighbours with the cost of each (at least 1). */
export type LinkStates = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Shortest paths from one root. Holds reachable routers only, without the root. */
export interface PathTree {
  readonly root: string;
  readonly hops: ReadonlyMap<string, Hop>;
}

export interface Hop {
  readonly cost: number;
  /** Number of connections on the path. */
  readonly distance: number;
  /** The router before it on the path. */
  readonly previous: string;
  /** The first router after the root. */
  readonly first: string;
}

/**
 * The link states with an edge back to each router that somebody names but whose own link state is
 * unknown, so that one can reach it to ask. @spec router-protocol 5.3
 */
export function completeLinkStates(linkStates: LinkStates): LinkStates {
  const complete = new Map(linkStates);
  const guessed = new Map<string, Map<string, number>>();
  for (const [router, peers] of linkStates) {
    for (const peer of peers.keys()) {
      if (linkStates.has(peer)) continue;
      const back = guessed.get(peer) ?? new Map<string, number>();
      back.set(router, 1);
      guessed.set(peer, back);
    }
  }
  for (const [router, peers] of guessed) complete.set(router, peers);
  return complete;
}

/** Dijkstra from `root`. Nodes settle in order of cost, then id; equal paths keep the first found. */
export function shortestPaths(root: string, linkStates: LinkStates): PathTree {
  const hops = new Map<string, Hop>();
  const settled = new Set<string>();
  const queue = new CostQueue();
  queue.push(0, root);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { id, cost } = next;
    if (settled.has(id)) continue;
    settled.add(id);
    const here = hops.get(id);
    for (const [peer, edge] of linkStates.get(id) ?? []) {
      if (settled.has(peer) || peer === root) continue;
      const known = hops.get(peer);
      const total = cost + edge;
      if (known !== undefined && known.cost <= total) continue;
      hops.set(peer, {
        cost: total,
        distance: (here?.distance ?? 0) + 1,
        previous: id,
        first: here?.first ?? peer,
      });
      queue.push(total, peer);
    }
  }
  return { root, hops };
}

/** Destinations whose path in this tree passes `through`, without itself. */
export function destinationsThrough(tree: PathTree, through: string): ReadonlySet<string> {
  const passes = new Map<string, boolean>();
  const found = new Set<string>();
  for (const destination of tree.hops.keys()) {
    const walked: string[] = [];
    let at = destination;
    let answer: boolean | undefined;
    while (answer === undefined) {
      const known = passes.get(at);
      const previous = tree.hops.get(at)?.previous;
      if (known !== undefined) answer = known;
      else if (previous === through) answer = true;
      else if (previous === undefined || previous === tree.root) answer = false;
      if (known === undefined) walked.push(at);
      if (answer === undefined) at = previous ?? tree.root;
    }
    for (const id of walked) passes.set(id, answer);
    if (answer && destination !== through) found.add(destination);
  }
  return found;
}

interface QueueEntry {
  readonly cost: number;
  readonly id: string;
}

/** A binary heap by cost, then id. */
class CostQueue {
  readonly #heap: QueueEntry[] = [];

  push(cost: number, id: string): void {
    const heap = this.#heap;
    const entry = { cost, id };
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !before(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  pop(): QueueEntry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const childIndex = this.#lowerChild(index);
      const child = heap[childIndex];
      if (child === undefined || !before(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return first;
  }

  #lowerChild(index: number): number {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    return left !== undefined && right !== undefined && before(right, left)
      ? 2 * index + 2
      : 2 * index + 1;
  }
}

function before(a: QueueEntry, b: QueueEntry): boolean {
  return a.cost < b.cost || (a.cost === b.cost && a.id < b.id);
}
