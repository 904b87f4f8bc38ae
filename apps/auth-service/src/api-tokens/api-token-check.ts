import { Inject, Injectable } from '@nestjs/common'
import { type ApiToken, Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { ApiProblem } from '../http/api-problem.ts'
import { permissionsOf, roleOf } from '../http/permissions.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { PortalPolicy } from '../sign-in/portal-policy.ts'
import type { Person } from '../sign-in/portal-sessions.ts'
import { isSameDigest, readTokenText } from './api-token-text.ts'
import { permissionsIn } from './api-tokens.schemas.ts'

const USE_NOTED_AFTER_MS = 60_000

const REFUSALS = {
  'wrong-token': 'The API token is not right. Please check that all of it was copied, or make another.',
  'token-expired': 'The API token has expired. Please make another.',
  'token-revoked': 'The API token was revoked. Please make another.',
  'owner-away': 'The owner of the API token cannot sign in any more. Please ask an administrator.',
} as const
type Refusal = keyof typeof REFUSALS
const OUTCOMES = ['ok', 'wrong-token', 'token-expired', 'token-revoked', 'owner-away'] as const

/** Who is behind an API token, and what they must do first. */
export type TokenOwner = Pick<Person, 'actor' | 'duties'>

/** Says who is behind an API token. */
@Injectable()
export class ApiTokenCheck {
  readonly #database: Database
  readonly #policy: PortalPolicy
  readonly #clock: Clock
  readonly #outcomes: ReasonCounter<(typeof OUTCOMES)[number]>

  constructor(
    @Inject(Database) database: Database,
    @Inject(PortalPolicy) policy: PortalPolicy,
    @Inject(CLOCK) clock: Clock,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.#database = database
    this.#policy = policy
    this.#clock = clock
    this.#outcomes = metrics.reasonCounter('api_token_checks_total', 'API tokens shown, by outcome.', OUTCOMES)
  }

  /**
   * Gives the token's owner with what both the token and its owner's present role allow; throws the 401. Only who knows
   * the secret learns why a token is not good any more.
   */
  async ownerOf(text: string): Promise<TokenOwner> {
    const claimed = readTokenText(text)
    if (claimed === undefined) throw this.#refuse('wrong-token')
    const { tenantId, tokenId: id, secretSha256 } = claimed
    return this.#database.withTenant(tenantId, async (session) => {
      const include = { user: true, tenant: true } as const
      const token = await session.apiToken.findUnique({ where: { tenantId_id: { tenantId, id } }, include })
      if (token === null || !isSameDigest(token.secretSha256, secretSha256)) throw this.#refuse('wrong-token')
      const { user, tenant } = token
      if (token.revokedAt !== null) throw this.#refuse('token-revoked')
      if (token.expiresAt.getTime() <= this.#clock.now()) throw this.#refuse('token-expired')
      if (user.disabledAt !== null || tenant.suspendedAt !== null) throw this.#refuse('owner-away')
      // The second factor of the owner was given for the token; that there is one is asked each time.
      const { decision } = await this.#policy.look(session, user, tenant, { address: '', factor: null })
      if (decision.decision === 'deny') throw this.#refuse('owner-away')
      await this.#noteUse(session, token)
      this.#outcomes.increment('ok')
      const role = roleOf(user, tenant)
      const permissions = new Set(permissionsIn(token.scopes).filter((name) => permissionsOf(role).has(name)))
      const { id: userId, username } = user
      const actor = { tenantId, userId, username, role, permissions, auditName: `token:${id}` }
      return { actor, duties: decision.decision === 'allow' ? decision.duties : [] }
    })
  }

  #refuse(code: Refusal): ApiProblem {
    this.#outcomes.increment(code)
    return new ApiProblem(401, code, REFUSALS[code], undefined, { 'www-authenticate': 'Bearer error="invalid_token"' })
  }

  /** A row that every request writes would be the slowest part of the request. */
  async #noteUse(session: TenantSession, { tenantId, id, lastUsedAt }: ApiToken): Promise<void> {
    const nowMs = this.#clock.now()
    if (lastUsedAt !== null && nowMs - lastUsedAt.getTime() < USE_NOTED_AFTER_MS) return
    await session.apiToken.updateMany({ where: { tenantId, id }, data: { lastUsedAt: new Date(nowMs) } })
  }
}
