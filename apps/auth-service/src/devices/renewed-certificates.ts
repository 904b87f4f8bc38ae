import { Inject, Injectable } from '@nestjs/common'
import { Database, type Device } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { recordAudit } from '../audit/audit-log.ts'
import { NO_PREVIOUS, revokeCertificates } from '../authorities/revoked-certificates.ts'
import { requestEnds } from '../connections/connection-locks.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'

/** What happens when a renewed certificate is used for the first time. */
@Injectable()
export class RenewedCertificates {
  readonly #database: Database
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(OrderHub) orders: OrderHub, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#orders = orders
    this.#clock = clock
  }

  /** Revokes the certificate that was in use before and ends the connections that were made with it. */
  async endPrevious(device: Device, connectionId: string): Promise<void> {
    const { tenantId, id: deviceId, certificateSha256, previousCertificateSha256 } = device
    if (previousCertificateSha256 === null) return
    const ended = await this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, id: deviceId, certificateSha256, previousCertificateSha256 }
      const { count } = await session.device.updateMany({ where, data: NO_PREVIOUS })
      // Another connection, or a revocation, was first.
      if (count !== 1) return []
      await revokeCertificates(session, [device], 'superseded', 'previous')
      const target = `device:${deviceId}`
      await recordAudit(session, tenantId, {
        actor: target,
        action: 'device.use-renewed',
        target,
        userId: device.userId,
      })
      const others = { deviceId, id: { not: connectionId } }
      return requestEnds(session, tenantId, others, new Date(this.#clock.now()))
    })
    for (const id of ended) {
      this.#orders.publish({ type: 'revoked', tenantId, connectionId: id, ...ENDINGS.certificateRenewed })
    }
  }
}
