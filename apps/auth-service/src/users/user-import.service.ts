import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'

import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant, type TenantSession } from '@sallyport/database'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import type { CreatedLink } from '../links/one-time-links.ts'
import { PasswordLinks } from '../links/password-links.ts'
import { TenantTurns } from '../runtime/tenant-turns.ts'
import type { ImportReport } from './import.schemas.ts'
import { readImportFile } from './import-file.ts'
import { planImport, type PlannedUser } from './import-plan.ts'
import type { ImportProblem } from './import-problem.ts'
import { type ImportRow, MAX_PROBLEMS, readImportRows } from './import-rows.ts'

/** Far below what PostgreSQL does in the time that a statement may take. */
const ROWS_OF_STATEMENT = 500
/** Each holds a connection to the database for some seconds; clients await the answer for 30 s. */
const TURNS = { atOnce: 2, waitingOfTenant: 4, patienceMs: 10_000 }

/** A user as stored, with the line they come from. */
type StoredUser = PlannedUser & { readonly tenantId: string; readonly id: string }

/** Creates many users from a CSV file, each with an invitation: all of them, or none. */
@Injectable()
export class UserImport {
  readonly #database: Database
  readonly #links: PasswordLinks
  readonly #turns = new TenantTurns(TURNS)

  constructor(@Inject(Database) database: Database, @Inject(PasswordLinks) links: PasswordLinks) {
    this.#database = database
    this.#links = links
  }

  /** Both runs plan by the same code; a dry run stops before the first change. */
  async run(actor: Actor, body: Readable, dryRun: boolean): Promise<ImportReport> {
    // Before its turn: whoever sends slowly holds up nobody.
    const text = await readImportFile(body)
    using turn = await this.#turns.take(actor.tenantId)
    if (turn === undefined) {
      throw new ApiProblem(429, 'too-many-imports', 'Other files are being imported. Please try again in a minute.')
    }
    const { rows, problems } = await readImportRows(text)
    const fileSha256 = createHash('sha256').update(text).digest('hex')
    const file = { rows, problems, dryRun, fileSha256 }
    const done = await this.#database.withTenantAtLength(actor.tenantId, (session) =>
      this.#inSession(session, actor, file),
    )
    const { report, stored, links, tenant } = done
    const users = stored.flatMap((user, index) => {
      const link = links[index]
      if (link === undefined) return []
      const invitation = this.#links.deliver(link, 'invitation', user, tenant)
      return [{ line: user.line, userId: user.id, username: user.username, invitation }]
    })
    return { ...report, users }
  }

  async #inSession(
    session: TenantSession,
    actor: Actor,
    file: { rows: readonly ImportRow[]; problems: readonly ImportProblem[]; dryRun: boolean; fileSha256: string },
  ): Promise<{ report: Omit<ImportReport, 'users'>; stored: StoredUser[]; links: CreatedLink[]; tenant: Tenant }> {
    const { tenantId } = actor
    const tenant = await session.tenant.findUniqueOrThrow({ where: { id: tenantId } })
    const planned = planImport(file.rows, {
      actor,
      isPlatform: tenant.isPlatform,
      takenUsernames: await takenOf(session, tenantId, file.rows),
      groups: await groupsOf(session, tenantId),
    })
    const problems = [...file.problems, ...planned.problems].toSorted((one, other) => one.line - other.line)
    const report = {
      dryRun: file.dryRun,
      rows: file.rows.length + file.problems.length,
      created: problems.length === 0 ? planned.users.length : 0,
      problemCount: problems.length,
      problems: problems.slice(0, MAX_PROBLEMS),
    }
    if (file.dryRun || problems.length > 0) return { report, stored: [], links: [], tenant }
    const stored = planned.users.map((user) => ({ ...user, tenantId, id: randomUUID() }))
    const links = await this.#store(session, stored)
    await recordImport(session, actor, stored, file.fileSha256)
    return { report, stored, links, tenant }
  }

  async #store(session: TenantSession, users: readonly StoredUser[]): Promise<CreatedLink[]> {
    const parts = Array.from({ length: Math.ceil(users.length / ROWS_OF_STATEMENT) }, (_, index) =>
      users.slice(index * ROWS_OF_STATEMENT, (index + 1) * ROWS_OF_STATEMENT),
    )
    for (const part of parts) await insertUsers(session, part)
    // PostgreSQL planned its checks of references to users when there were few, and would read all of them each time.
    await session.$queryRaw`DISCARD PLANS`
    const links: CreatedLink[] = []
    for (const part of parts) {
      await insertMembers(session, part)
      links.push(...(await this.#links.add(session, part, 'invitation')))
    }
    return links
  }
}

/** Writes down who came, with which rights, some hundred in a line: a line for each would hold up the commit. */
async function recordImport(
  session: TenantSession,
  { tenantId, auditName: actor }: Actor,
  users: readonly StoredUser[],
  sha256: string,
): Promise<void> {
  for (let place = 0; place < users.length; place += ROWS_OF_STATEMENT) {
    const part = users.slice(place, place + ROWS_OF_STATEMENT)
    const came = part.map(({ id: userId, role, groupIds }) => ({
      userId,
      ...(role === 'user' ? {} : { role }),
      ...(groupIds.length === 0 ? {} : { groupIds }),
    }))
    const details = { created: users.length, sha256, from: place + 1, users: came }
    await recordAudit(session, tenantId, { actor, action: 'user.import', details })
  }
}

async function insertUsers(session: TenantSession, users: readonly StoredUser[]): Promise<void> {
  const created = await session.$queryRaw<unknown[]>`
    INSERT INTO users (tenant_id, id, username, email, display_name, role)
    SELECT "tenantId", id, username, email, "displayName", role
    FROM jsonb_to_recordset(${JSON.stringify(users)}::jsonb)
      AS given ("tenantId" uuid, id uuid, username text, email text, "displayName" text, role text)
    ON CONFLICT DO NOTHING RETURNING id`
  if (created.length === users.length) return
  throw new ApiProblem(409, 'changed-meanwhile', 'A user of the file was created meanwhile. Please try again.')
}

async function insertMembers(session: TenantSession, users: readonly StoredUser[]): Promise<void> {
  const members = users.flatMap(({ tenantId, id, groupIds }) =>
    groupIds.map((groupId) => ({ tenantId, groupId, userId: id })),
  )
  await session.$queryRaw`
    INSERT INTO group_members (tenant_id, group_id, user_id)
    SELECT "tenantId", "groupId", "userId"
    FROM jsonb_to_recordset(${JSON.stringify(members)}::jsonb) AS given ("tenantId" uuid, "groupId" uuid, "userId" uuid)`
}

async function takenOf(
  session: TenantSession,
  tenantId: string,
  rows: readonly ImportRow[],
): Promise<ReadonlySet<string>> {
  const names = rows.map(({ username }) => username)
  const taken = await session.$queryRaw<{ username: string }[]>`
    SELECT username FROM users WHERE tenant_id = ${tenantId}::uuid AND username IN (SELECT unnest(${names}::text[]))`
  return new Set(taken.map(({ username }) => username))
}

async function groupsOf(session: TenantSession, tenantId: string): Promise<ReadonlyMap<string, string>> {
  const groups = await session.group.findMany({ where: { tenantId }, select: { id: true, name: true } })
  return new Map(groups.map(({ id, name }) => [name, id]))
}
