import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'

import { recordAudit } from '../audit/audit-log.ts'
import { revokeCertificates } from '../authorities/revoked-certificates.ts'
import { Factors } from '../factors/factors.ts'
import type { Actor } from '../http/access.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { userEntryOf } from './user-audit.ts'
import { lockAdministrators, refuseGreater, refuseLastAdministrator, refuseOwn } from './user-rights.ts'
import { getUser } from './users.repository.ts'

const ROWS_OF_STATEMENT = 2000

/** Deletes users with everything that is known of them. */
@Injectable()
export class UserErasure {
  readonly #database: Database
  readonly #factors: Factors
  readonly #orders: OrderHub

  constructor(
    @Inject(Database) database: Database,
    @Inject(Factors) factors: Factors,
    @Inject(OrderHub) orders: OrderHub,
  ) {
    this.#database = database
    this.#factors = factors
    this.#orders = orders
  }

  /**
   * Erases a user in one transaction: devices with their connections, factors, links, tokens, memberships, the details
   * of the audit log, the row. What stays names nobody: serials of certificates that must not be accepted, and the lines
   * of the audit log with the id.
   */
  async erase(actor: Actor, userId: string): Promise<void> {
    const { tenantId } = actor
    await this.#database.withTenantAtLength(tenantId, async (session) => {
      await lockAdministrators(session, tenantId)
      await lockUser(session, tenantId, userId)
      const user = await getUser(session, tenantId, userId)
      refuseGreater(actor, user)
      refuseOwn(actor, userId, 'delete')
      // The list outlives the devices: others may still trust their certificates.
      await revokeCertificates(
        session,
        await session.device.findMany({ where: { tenantId, userId } }),
        'cessation-of-operation',
      )
      await this.#factors.removeAll(session, user)
      await eraseRows(session, tenantId, userId)
      await recordAudit(session, tenantId, userEntryOf(actor, 'user.delete', userId))
      await refuseLastAdministrator(session, tenantId)
    })
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ENDINGS.userDeleted })
  }
}

/** Lets nothing that names the user be added until the transaction ends, and then it cannot be. */
async function lockUser(session: TenantSession, tenantId: string, userId: string): Promise<void> {
  await session.$queryRaw`
    SELECT 1 AS locked FROM users WHERE tenant_id = ${tenantId}::uuid AND id = ${userId}::uuid FOR UPDATE`
}

async function eraseRows(session: TenantSession, tenantId: string, userId: string): Promise<void> {
  const where = { tenantId, userId }
  // Devices come before connections, and these in the order of `lockInOrder`: else two could wait for each other.
  await session.$queryRaw`
    SELECT id FROM devices WHERE tenant_id = ${tenantId}::uuid AND user_id = ${userId}::uuid ORDER BY id FOR UPDATE`
  await eraseConnections(session, tenantId, userId)
  await session.device.deleteMany({ where })
  await session.oneTimeLink.deleteMany({ where })
  await session.apiToken.deleteMany({ where })
  await session.groupMember.deleteMany({ where })
  await session.$queryRaw`SELECT erase_audit_details(${userId}::uuid)::text AS erased`
  await session.user.deleteMany({ where: { tenantId, id: userId } })
}

/** In parts: somebody may have connected every hour for years, and one statement must not take long. */
async function eraseConnections(session: TenantSession, tenantId: string, userId: string): Promise<void> {
  for (let erased: unknown[] = [undefined]; erased.length > 0;) {
    erased = await session.$queryRaw<unknown[]>`
      DELETE FROM connections WHERE tenant_id = ${tenantId}::uuid AND id IN (
        SELECT id FROM connections WHERE tenant_id = ${tenantId}::uuid AND user_id = ${userId}::uuid
        ORDER BY device_id, id LIMIT ${ROWS_OF_STATEMENT} FOR UPDATE
      ) RETURNING 1 AS erased`
  }
}
