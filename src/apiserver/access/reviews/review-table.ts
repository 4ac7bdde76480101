/** Which questions are answered, and where they are posted. */
import type { HeldRules, ResourceRequest, User } from '#rbac/index.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { TokenChecker } from '../tokens/token-checker.ts';
import { tokenRequest, type TokenRequestDeps } from '../tokens/token-request.ts';
import {
  accessReview,
  localAccessReview,
  selfAccessReview,
  selfRulesReview,
} from './access-reviews.ts';
import { selfReview, tokenReview } from './identity-reviews.ts';
import type { Answer } from './review.ts';

export interface ReviewDeps {
  readonly authorizer: Authorizer;
  readonly checker: TokenChecker;
  readonly tokens: TokenRequestDeps;
  rulesFor(user: User, namespace: string): HeldRules;
}

/** By `group/version/resource/subresource`, with and without a namespace. */
export class ReviewTable {
  readonly #clusterWide: ReadonlyMap<string, Answer>;
  readonly #namespaced: ReadonlyMap<string, Answer>;

  constructor(deps: ReviewDeps) {
    const { authorizer, checker, tokens } = deps;
    const authn = 'authentication.k8s.io/v1';
    const authz = 'authorization.k8s.io/v1';
    this.#clusterWide = new Map<string, Answer>([
      [`${authn}/selfsubjectreviews/`, selfReview(tokens.clock)],
      [`${authn}/tokenreviews/`, tokenReview(checker)],
      [`${authz}/selfsubjectaccessreviews/`, selfAccessReview(authorizer)],
      [
        `${authz}/selfsubjectrulesreviews/`,
        selfRulesReview((user, namespace) => deps.rulesFor(user, namespace)),
      ],
      [`${authz}/subjectaccessreviews/`, accessReview(authorizer)],
    ]);
    this.#namespaced = new Map<string, Answer>([
      [`${authz}/localsubjectaccessreviews/`, localAccessReview(authorizer)],
      ['/v1/serviceaccounts/token', tokenRequest(tokens)],
    ]);
  }

  /** The answerer at a place; undefined when there is none. */
  find(info: ResourceRequest): Answer | undefined {
    const { group, version, resource, subresource, namespace, parts, verbInPath } = info;
    if (verbInPath || parts.length !== (subresource === '' ? 1 : 3)) return undefined;
    const table = namespace === '' ? this.#clusterWide : this.#namespaced;
    return table.get(`${group}/${version}/${resource}/${subresource}`);
  }
}
