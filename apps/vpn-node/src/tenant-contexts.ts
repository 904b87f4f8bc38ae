import { createKeyAndRequest } from '@sallyport/cluster-identity'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'
import { TlsAcceptor } from './tls-channel.ts'

const RENEWAL_CHECK_MS = 10 * 60_000

interface TenantContext {
  readonly acceptor: TlsAcceptor
  renewAtMs: number
}

/** The TLS identity of this node towards each tenant's clients: short-lived certificates, whose keys never leave it. */
export class TenantContexts implements Disposable {
  readonly #control: ControlLink
  readonly #log: Logger
  readonly #contexts = new Map<string, TenantContext>()
  readonly #loading = new Map<string, Promise<TlsAcceptor>>()
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(control: ControlLink, log: Logger) {
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
    this.#contexts.set(tenantId, { acceptor, renewAtMs: Date.now() + (lifeMs * 2) / 3 })
    return acceptor
  }

  async #renewDue(): Promise<void> {
    for (const [tenantId, context] of this.#contexts) {
      if (Date.now() < context.renewAtMs) continue
      try {
        await this.#fetch(tenantId)
      } catch (error) {
        this.#log.warn({ tenantId, err: describeError(error) }, 'server certificate not renewed: trying again')
      }
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#abort.abort()
  }
}
