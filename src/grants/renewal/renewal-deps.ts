/** What both ends of a renewal are given. */
import type { GrantsDeps } from '../controller-deps.ts';
import type { SitePost } from './site-post.ts';

export interface LinkRenewalDeps extends GrantsDeps {
  readonly post: SitePost;
}
