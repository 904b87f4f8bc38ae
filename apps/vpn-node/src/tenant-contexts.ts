import { createKeyAndRequest } from '@sallyport/cluster-identity'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'
import { TlsAcceptor } from './tls-channel.ts'

const RENEWAL_CHECK_MS = 10_000
const RETRY_MS = 60_000

/** What certificates are asked of. */
export type CertificateSource = Pick<ControlLink, 'serverCertificate' | 'tenants'>

interface TenantContext {
  readonly acceptor: TlsAcceptor
  readonly authorityVersion: number
  renewAtMs: number
}

/** The TLS identity of this node towards each tenant's clients: short-lived certificates, whose keys never leave it. */
export class TenantContexts implements Disposable {
  readonly #control: CertificateSource
  readonly #log: Logger
  readonly #contexts = new Map<string, TenantContext>()
  readonly #loading = new Map<string, Promise<TlsAcceptor>>()
  /** The latest version of a tenant's CAs that was heard of; what came with an answer may be older. */
  readonly #heard = new Map<string, number>()
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(control: CertificateSource, log: Logger) {
    this.#control = control
    this.#log = log
    this.#timer = setInterval(() => void this.#renewDue(), RENEWAL_CHECK_MS)
  }

  /** The tenant's acceptor when it is at hand. */
  peek(tenantId: string): TlsAcceptor | undefined {
    return this.#contexts.get(tenantId)?.acceptor
  }

  /** Gets the tenant's certificate from auth-service; concurrent callers share one request. */
  load(tenantId: string): Promise<TlsAcceptor> {
    const known = this.peek(tenantId)
    if (known) return Promise.resolve(known)
    const running = this.#loading.get(tenantId)
    if (running) return running
    const loading = this.#fetch(tenantId).finally(() => this.#loading.delete(tenantId))
    this.#loading.set(tenantId, loading)
    return loading
  }

  /** Loads every tenant, so that a client is answered even while auth-service is away. */
  async preload(): Promise<void> {
    const { tenants } = await this.#control.tenants(this.#abort.signal)
    for (const { tenantId } of tenants) await this.load(tenantId)
  }

  /** Fetches the certificate of a tenant whose CAs are others now, unless it came after that. Never fails. */
  async authorityChanged(tenantId: string, authorityVersion: number): Promise<void> {
    this.#heard.set(tenantId, Math.max(authorityVersion, this.#heard.get(tenantId) ?? 0))
    const context = this.#contexts.get(tenantId)
    if (context !== undefined && this.#isOld(tenantId, context)) await this.#renew(tenantId, context)
  }

  /** Does the same for each tenant that changed while orders could not be heard. Never fails. */
  async refresh(): Promise<void> {
    try {
      const { tenants } = await this.#control.tenants(this.#abort.signal)
      for (const { tenantId, authorityVersion } of tenants) await this.authorityChanged(tenantId, authorityVersion)
    } catch (error) {
      this.#log.warn({ err: describeError(error) }, 'the tenants cannot be asked for now')
    }
  }

  #isOld(tenantId: string, { authorityVersion }: TenantContext): boolean {
    return authorityVersion < (this.#heard.get(tenantId) ?? 0)
  }

  async #fetch(tenantId: string): Promise<TlsAcceptor> {
    const { privateKeyPem, csrPem } = await createKeyAndRequest('vpn-server')
    const answer = await this.#control.serverCertificate(tenantId, csrPem, this.#abort.signal)
    const credentials = {
      certificatePem: answer.certificate,
      privateKeyPem: privateKeyPem.reveal(),
      tenantCaPem: answer.tenantCa,
    }
    const existing = this.#contexts.get(tenantId)
    const acceptor = existing?.acceptor ?? new TlsAcceptor(credentials)
    existing?.acceptor.renew(credentials)
    const lifeMs = Date.parse(answer.notAfter) - Date.now()
    const { authorityVersion } = answer
    this.#contexts.set(tenantId, { acceptor, authorityVersion, renewAtMs: Date.now() + (lifeMs * 2) / 3 })
    return acceptor
  }

  async #renewDue(): Promise<void> {
    for (const [tenantId, context] of this.#contexts) {
      if (Date.now() >= context.renewAtMs || this.#isOld(tenantId, context)) await this.#renew(tenantId, context)
    }
  }

  /** The old certificate stays until the new one is there. */
  async #renew(tenantId: string, context: TenantContext): Promise<void> {
    try {
      await this.#fetch(tenantId)
    } catch (error) {
      context.renewAtMs = Date.now() + RETRY_MS
      this.#log.warn({ tenantId, err: describeError(error) }, 'server certificate not renewed: trying again')
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#abort.abort()
  }
}
