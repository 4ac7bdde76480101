/**
 * The files of one router below the data directory. Written atomically and only when they
 * change; keys are readable by us alone.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '#base/errors.ts';
import { ControllerError } from '../errors.ts';
import type { CredentialFile } from '../router-config/tls-profiles.ts';
import { siteObjects } from '../names.ts';
import type { RouterCredentials, RouterPlace } from '../runtime.ts';
import { writeWhole } from './whole-file.ts';

export class RouterFiles {
  /** `DIR/sites/<namespace>`, below it `/<group>` for further routers of a Site. */
  readonly directory: string;

  constructor(sitesDirectory: string, { namespace, group }: RouterPlace) {
    const further = group === siteObjects.routerGroup ? [] : [group];
    this.directory = join(sitesDirectory, namespace, ...further);
  }

  get configPath(): string {
    return join(this.directory, 'router.json');
  }

  credentialPath(profile: string, file: CredentialFile): string {
    return join(this.directory, 'certs', profile, file);
  }

  proxyPasswordPath(proxy: string): string {
    return join(this.directory, 'proxies', proxy, 'password.txt');
  }

  /** @throws ControllerError CONTROLLER_ROUTER_FILES */
  async write(
    config: string,
    credentials: readonly RouterCredentials[],
    proxyPasswords: ReadonlyMap<string, string>,
  ): Promise<void> {
    try {
      for (const { profile, files } of credentials) {
        for (const [file, content] of files) {
          await writeWhole(this.credentialPath(profile, file), content);
        }
      }
      for (const [proxy, password] of proxyPasswords) {
        await writeWhole(this.proxyPasswordPath(proxy), Buffer.from(password, 'utf8'));
      }
      await writeWhole(this.configPath, Buffer.from(config, 'utf8'));
      await this.#keepOnly('certs', new Set(credentials.map(({ profile }) => profile)));
      await this.#keepOnly('proxies', new Set(proxyPasswords.keys()));
    } catch (thrown) {
      const message = `cannot write the files of a router: ${messageOf(thrown)}`;
      throw new ControllerError('CONTROLLER_ROUTER_FILES', message, {
        cause: thrown,
        retry: 'backoff',
      });
    }
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Credentials that nothing uses any more do not stay on the disk. */
  async #keepOnly(part: 'certs' | 'proxies', names: ReadonlySet<string>): Promise<void> {
    const root = join(this.directory, part);
    for (const name of await readdir(root).catch(() => [])) {
      if (!names.has(name)) await rm(join(root, name), { recursive: true, force: true });
    }
  }
}
