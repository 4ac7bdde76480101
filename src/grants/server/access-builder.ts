/**
 * What a joiner is given: where to come in, a certificate to come in with, and the documents that
 * say so. Only builds; nothing is counted or recorded here.
 */
import type { Clock } from '#base/clock.ts';
import type { Lister } from '#kubeclient/index.ts';
import {
  type CertificateSummary,
  issueCertificate,
  issueForRequest,
  parseSigningRequest,
  PkiError,
  privateKeyPem,
} from '#pki/index.ts';
import { certificateLifeMs, faultOfLife } from '../certificate-life.ts';
import type { AccessGrant, Secret, Site } from '../kinds.ts';
import { activeSite, endpointGroups, issuerOf } from '../site-access.ts';
import { siteServerName } from '../site-trust.ts';
import { TrustMemory } from '../trust-memory.ts';
import type { Issue } from './issue-record.ts';
import { type AnswerForm, answerDocuments } from './link-documents.ts';
import type { Joiner } from './redemption.ts';
import { noSite, type Refusal, refusals } from './refusal.ts';
import { type Signer, SigningAuthorities } from './signing-authority.ts';

export interface AccessBuilderDeps {
  readonly sites: Pick<Lister<Site>, 'list'>;
  readonly secrets: Pick<Lister<Secret>, 'get'>;
  readonly clock: Clock;
}

export interface AccessBuilderOptions {
  /** Life of the certificates handed out, in milliseconds; default five years. */
  readonly certificateLifetimeMs?: number;
}

/** What a joiner asks for. */
export interface Wish {
  /** PEM request: the joiner keeps its private key. */
  readonly signingRequest?: string;
  readonly form: AnswerForm;
}

/** An answer that could be given. */
export interface Built {
  readonly documents: string;
  readonly issue: Omit<Issue, 'client'>;
}

interface Refused {
  readonly refusal: Refusal;
}

/** What a joiner needs to come in. */
interface WayIn {
  readonly site: Site;
  /** Secret of the CA. */
  readonly issuer: string;
  readonly signer: Signer;
  readonly groups: ReturnType<typeof endpointGroups>;
  /** What the joiner should trust. */
  readonly bundlePem: string;
}

interface Pair {
  readonly certificate: CertificateSummary;
  /** Absent when the joiner made its own key. */
  readonly keyPem?: string;
}

export class AccessBuilder {
  readonly #deps: AccessBuilderDeps;
  readonly #options: AccessBuilderOptions;
  readonly #signers = new SigningAuthorities();
  readonly #trust = new TrustMemory();

  constructor(deps: AccessBuilderDeps, options: AccessBuilderOptions = {}) {
    this.#deps = deps;
    this.#options = options;
  }

  /** A new certificate and its documents, or why there are none. */
  async build(grant: AccessGrant, joiner: Joiner, wish: Wish): Promise<Built | Refused> {
    const way = this.#wayInto(grant, joiner, wish.form);
    if ('refusal' in way) return way;
    if (faultOfLife(grant) !== undefined) return { refusal: refusals.corrupted };
    const lifetimeMs = certificateLifeMs(grant) ?? this.#options.certificateLifetimeMs;
    const pair = await this.#sign(way.signer, joiner, wish.signingRequest, lifetimeMs);
    if (pair === undefined) return { refusal: refusals.badRequest };
    const { issuer, site } = way;
    return {
      documents: documentsOf(wish.form, way, joiner, {
        certificatePem: pair.certificate.pem,
        ...(pair.keyPem === undefined ? {} : { keyPem: pair.keyPem }),
      }),
      issue: {
        grant,
        site,
        joiner,
        issuer,
        certificate: pair.certificate,
        isSigned: wish.signingRequest !== undefined,
        nowMs: this.#deps.clock.nowMs(),
      },
    };
  }

  /** The documents for a certificate that was handed out before, whose key its joiner has. */
  rebuild(
    grant: AccessGrant,
    joiner: Joiner,
    certificatePem: string,
  ): { readonly documents: string } | Refused {
    const way = this.#wayInto(grant, joiner, 'links');
    if ('refusal' in way) return way;
    return { documents: documentsOf('links', way, joiner, { certificatePem }) };
  }

  /** Where a joiner comes in, and who vouches for it; or why nobody does. */
  #wayInto(grant: AccessGrant, joiner: Joiner, form: AnswerForm): WayIn | Refused {
    const namespace = grant.metadata.namespace ?? '';
    const site = activeSite(this.#deps.sites.list(namespace));
    if (site === undefined) return { refusal: noSite(namespace) };
    if (site.spec?.edge === true) return { refusal: refusals.edgeSite };
    if (joiner.subject === site.metadata.uid) return { refusal: refusals.ownSite };
    const issuer = issuerOf(grant.spec?.issuer, site);
    const secret = this.#deps.secrets.get({ namespace, name: issuer });
    const signer = secret === undefined ? undefined : this.#signers.of(secret);
    if (secret === undefined || signer === undefined) return { refusal: refusals.noIssuer };
    const server = this.#deps.secrets.get({ namespace, name: siteServerName });
    const fault = this.#trust.faultOf(server, secret, issuer);
    if (fault !== undefined) return { refusal: { status: 500, text: fault } };
    const groups = endpointGroups(site);
    // A connection token has no word for a site that takes edge sites alone.
    const usable =
      form === 'links' ? groups.length > 0 : groups.flat().some(({ name }) => name !== 'edge');
    if (!usable) return { refusal: refusals.noEndpoints };
    const nowMs = this.#deps.clock.nowMs();
    const bundlePem = this.#trust.bundleOf(server, secret, signer.bundlePem, nowMs);
    return { site, issuer, signer, groups, bundlePem };
  }

  /** @returns undefined when the joiner's signing request cannot be used */
  async #sign(
    { authority }: Signer,
    joiner: Joiner,
    signingRequest: string | undefined,
    lifetimeMs: number | undefined,
  ): Promise<Pair | undefined> {
    const leaf = {
      commonName: joiner.subject,
      // A joiner only dials: with this certificate nobody can pose as one of our routers.
      server: false,
      client: true,
      nowMs: this.#deps.clock.nowMs(),
      // Undefined: the default of pki.
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    };
    if (signingRequest === undefined) {
      const { certificate, keys } = await issueCertificate(authority, leaf);
      return { certificate, keyPem: privateKeyPem(keys.privateKey) };
    }
    try {
      const request = await parseSigningRequest(signingRequest);
      return { certificate: issueForRequest(authority, request, leaf) };
    } catch (thrown) {
      if (thrown instanceof PkiError) return undefined;
      throw thrown;
    }
  }
}

function documentsOf(
  form: AnswerForm,
  way: WayIn,
  joiner: Joiner,
  credentials: { readonly certificatePem: string; readonly keyPem?: string },
): string {
  const { bundlePem: caPem, groups, site } = way;
  const siteId = site.metadata.uid ?? '';
  const { name, subject } = joiner;
  return answerDocuments(form, { name, subject, siteId, caPem, groups, ...credentials });
}
