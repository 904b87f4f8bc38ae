import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { type ApiToken, Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { containing } from '../http/containing.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { refuseGreater } from '../users/user-rights.ts'
import { createTokenText } from './api-token-text.ts'
import type {
  ApiTokenOfUserView,
  ApiTokenView,
  CreateApiTokenRequest,
  CreatedApiToken,
  ListApiTokensQuery,
} from './api-tokens.schemas.ts'

const MAX_TOKENS_OF_USER = 50

/** Makes, shows and revokes API tokens. Revoked and expired ones are shown to nobody; the audit log knows them. */
@Injectable()
export class ApiTokensService {
  readonly #database: Database
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Makes a token of the actor; throws the 403 when it would be allowed more than they are. */
  async create(
    actor: Actor,
    { name, scopes: wanted, expiresInSeconds }: CreateApiTokenRequest,
  ): Promise<CreatedApiToken> {
    const scopes = [...new Set(wanted === 'all' ? actor.permissions : wanted)]
    const excess = scopes.filter((scope) => !actor.permissions.has(scope))
    if (excess.length > 0)
      throw new ApiProblem(403, 'not-allowed', `You may not do this yourself: ${excess.join(', ')}.`)
    const { tenantId, userId } = actor
    const id = randomUUID()
    const { text, secretSha256 } = createTokenText(tenantId, id)
    const expiresAt = new Date(this.#clock.now() + expiresInSeconds * 1000)
    const token = await this.#database.withTenant(tenantId, async (session) => {
      const count = await session.apiToken.count({ where: { tenantId, userId, ...this.#alive() } })
      if (count >= MAX_TOKENS_OF_USER) throw tooMany()
      const data = { tenantId, id, userId, name, secretSha256, scopes, expiresAt }
      const created = await session.apiToken.create({ data })
      const details = { scopes, expiresAt: expiresAt.toISOString() }
      await recordAudit(session, tenantId, entryOf(actor, 'api-token.create', created, details))
      return created
    })
    return { ...viewOf(token), token: text }
  }

  async listOwn({ tenantId, userId }: Actor): Promise<ApiTokenView[]> {
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, userId, ...this.#alive() }
      const tokens = await session.apiToken.findMany({ where, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }] })
      return tokens.map(viewOf)
    })
  }

  async list({ tenantId }: Actor, query: ListApiTokensQuery): Promise<Page<ApiTokenOfUserView>> {
    const { after, limit, userId, search } = query
    const rows = await this.#database.withTenant(tenantId, (session) =>
      session.apiToken.findMany({
        where: {
          tenantId,
          ...this.#alive(),
          ...(userId === undefined ? {} : { userId }),
          ...(after === undefined ? {} : { id: { gt: after } }),
          ...(search === undefined || search === '' ? {} : { OR: matching(search) }),
        },
        include: { user: { select: { username: true } } },
        orderBy: { id: 'asc' },
        take: limit + 1,
      }),
    )
    return mapPage(
      pageOf(rows, limit, ({ id }) => id),
      (row) => ({ ...viewOf(row), userId: row.userId, username: row.user.username }),
    )
  }

  /** Revokes a token of the actor; throws the 404 when they have no such token. */
  revokeOwn(actor: Actor, tokenId: string): Promise<void> {
    return this.#database.withTenant(actor.tenantId, (session) =>
      this.#revoke(session, actor, tokenId, { userId: actor.userId }),
    )
  }

  /** Revokes a token of a user who may do no more than the actor. */
  revoke(actor: Actor, tokenId: string): Promise<void> {
    return this.#database.withTenant(actor.tenantId, (session) => this.#revoke(session, actor, tokenId, {}))
  }

  async #revoke(session: TenantSession, actor: Actor, id: string, owner: { userId?: string }): Promise<void> {
    const { tenantId } = actor
    const where = { tenantId, id, ...owner, ...this.#alive() }
    const token = await session.apiToken.findFirst({ where, include: { user: true, tenant: true } })
    if (token === null) throw notFound('API token')
    const { user, tenant } = token
    if (user.id !== actor.userId) refuseGreater(actor, { role: user.role, tenant })
    await session.apiToken.updateMany({ where, data: { revokedAt: new Date(this.#clock.now()) } })
    await recordAudit(session, tenantId, entryOf(actor, 'api-token.revoke', token))
  }

  #alive(): { revokedAt: null; expiresAt: { gt: Date } } {
    return { revokedAt: null, expiresAt: { gt: new Date(this.#clock.now()) } }
  }
}

/** People look for a token by its name and by whose it is. */
function matching(search: string): object[] {
  const found = containing(search)
  return [{ name: found }, { user: { OR: [{ username: found }, { displayName: found }] } }]
}

function entryOf(actor: Actor, action: string, { id, userId }: ApiToken, details?: object) {
  const entry = { actor: actor.auditName, action, target: `token:${id}`, userId }
  return details === undefined ? entry : { ...entry, details: { ...details } }
}

function viewOf(token: ApiToken): ApiTokenView {
  return {
    tokenId: token.id,
    name: token.name,
    scopes: token.scopes,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt.toISOString(),
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  }
}

function tooMany(): ApiProblem {
  const message = `You have ${String(MAX_TOKENS_OF_USER)} API tokens. Please revoke one that you do not need.`
  return new ApiProblem(409, 'too-many-tokens', message)
}
