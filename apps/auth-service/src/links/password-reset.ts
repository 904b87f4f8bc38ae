import { Inject, Injectable } from '@nestjs/common'
import { Database } from '@sallyport/database'
import { describeError } from '@sallyport/foundation'
import { type Logger, Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { recordAudit } from '../audit/audit-log.ts'
import { Mailer } from '../mail/mailer.ts'
import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'
import { LOGGER } from '../runtime/tokens.ts'
import { attemptSourceOf } from '../sign-in/attempt-source.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import type { PasswordResetRequest } from './links.schemas.ts'
import { PasswordLinks } from './password-links.ts'

const WINDOW_SECONDS = 3600
const MAILS_OF_ACCOUNT = 3
const REQUESTS_OF_SOURCE = 30
/** More at once are dropped: an attacker's flood must not reach the database. */
const MAX_AT_ONCE = 20

const OUTCOMES = ['mailed', 'no-mail', 'no-account', 'no-address', 'too-many', 'dropped', 'failed'] as const
type Outcome = (typeof OUTCOMES)[number]

/** KEYS: account, source. ARGV: window in seconds. Counts the request and gives both counts. */
const COUNT = `
local counts = {}
for i = 1, 2 do
  counts[i] = redis.call('INCR', KEYS[i])
  if counts[i] == 1 then redis.call('EXPIRE', KEYS[i], ARGV[1]) end
end
return counts`

/**
 * Lets people who forgot their password have a link mailed. The request is answered before anything is looked up, so
 * that neither text nor time tells which accounts exist.
 */
@Injectable()
export class PasswordReset {
  readonly #tenants: TenantsRepository
  readonly #users: UsersRepository
  readonly #database: Database
  readonly #links: PasswordLinks
  readonly #mailer: Mailer
  readonly #store: SharedStore
  readonly #log: Logger
  readonly #outcomes: ReasonCounter<Outcome>
  #running = 0

  constructor(
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(Database) database: Database,
    @Inject(PasswordLinks) links: PasswordLinks,
    @Inject(Mailer) mailer: Mailer,
    @Inject(SharedStore) store: SharedStore,
    @Inject(LOGGER) log: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.#tenants = tenants
    this.#users = users
    this.#database = database
    this.#links = links
    this.#mailer = mailer
    this.#store = store
    this.#log = log
    this.#outcomes = metrics.reasonCounter('password_resets_total', 'Self-service resets by outcome.', OUTCOMES)
  }

  /** Whether there is a mail server that takes such links. */
  get isMailed(): boolean {
    return this.#mailer.isConfigured
  }

  /** Takes a request and returns at once; what came of it is counted, never told. */
  ask(request: PasswordResetRequest, source: string): void {
    if (this.#running >= MAX_AT_ONCE) {
      this.#outcomes.increment('dropped')
      return
    }
    this.#running += 1
    setImmediate(() => {
      void this.#try(request, source)
    })
  }

  async #try(request: PasswordResetRequest, source: string): Promise<void> {
    try {
      this.#outcomes.increment(await this.#work(request, source))
    } catch (error) {
      this.#outcomes.increment('failed')
      this.#log.warn({ reason: describeError(error) }, 'a password reset could not be done')
    } finally {
      this.#running -= 1
    }
  }

  async #work({ tenant: slug, username }: PasswordResetRequest, source: string): Promise<Outcome> {
    if (!this.#mailer.isConfigured) return 'no-mail'
    if (await this.#isTooMany(slug, username, source)) return 'too-many'
    const tenant = await this.#tenants.findBySlug(slug)
    const user = tenant === null ? null : await this.#users.findByName(tenant.id, username)
    if (tenant === null || user === null || tenant.suspendedAt !== null || user.disabledAt !== null) return 'no-account'
    if (user.email === null) return 'no-address'
    const { tenantId, id: userId } = user
    const [link] = await this.#database.withTenant(tenantId, async (session) => {
      const details = { source: attemptSourceOf(source) }
      const entry = { actor: `user:${userId}`, action: 'user.ask-password', target: `user:${userId}`, userId, details }
      await recordAudit(session, tenantId, entry)
      // Anybody may ask: what an administrator sent goes on working.
      return this.#links.add(session, [user], 'reset-by-user')
    })
    if (link === undefined) return 'failed'
    return this.#links.deliver(link, 'reset-by-user', user, tenant).mailed ? 'mailed' : 'failed'
  }

  async #isTooMany(slug: string, username: string, source: string): Promise<boolean> {
    const prefix = `${STORE_PREFIX}:{password-reset}`
    const keys = [`${prefix}:account:${slug}:${username}`, `${prefix}:source:${attemptSourceOf(source)}`]
    const counts = await this.#store.run((redis) => redis.eval(COUNT, 2, ...keys, WINDOW_SECONDS))
    const [ofAccount, ofSource] = Array.isArray(counts) ? counts.map(Number) : []
    return ofAccount === undefined || ofSource === undefined
      ? true
      : ofAccount > MAILS_OF_ACCOUNT || ofSource > REQUESTS_OF_SOURCE
  }
}
