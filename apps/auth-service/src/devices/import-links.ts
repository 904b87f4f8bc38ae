import { Inject, Injectable } from '@nestjs/common'
import { Database, type Device, type TenantSession } from '@sallyport/database'
import QRCode from 'qrcode'
import { z } from 'zod'

import { recordAudit } from '../audit/audit-log.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { parseLinkToken } from '../links/link-token.ts'
import { OneTimeLinks } from '../links/one-time-links.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import type { ImportLinkView } from './devices.schemas.ts'

const PURPOSE = 'profile link'

/** What a link gives; it is sealed until then. */
const linkedProfile = z.strictObject({ deviceId: z.uuid(), certificateSha256: z.string(), profile: z.string() })

/** The device that a link is for. */
export type LinkedDevice = Pick<Device, 'tenantId' | 'id' | 'userId' | 'certificateSha256'>

/** Links that give a whole profile, private key included, once. */
@Injectable()
export class ImportLinks {
  readonly #database: Database
  readonly #links: OneTimeLinks
  readonly #secrets: ClusterSecrets
  readonly #settings: Settings

  constructor(
    @Inject(Database) database: Database,
    @Inject(OneTimeLinks) links: OneTimeLinks,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#database = database
    this.#links = links
    this.#secrets = secrets
    this.#settings = settings
  }

  /** Makes a link in the transaction of what the profile is for. */
  async create(
    session: TenantSession,
    device: LinkedDevice,
    profile: string,
    expiresInSeconds: number,
  ): Promise<ImportLinkView> {
    const { tenantId, userId, id: deviceId, certificateSha256 } = device
    const plaintext = Buffer.from(JSON.stringify({ deviceId, certificateSha256, profile }))
    const payload = this.#secrets.seal(PURPOSE, ownerOf(device), plaintext)
    plaintext.fill(0)
    const purpose = 'profile' as const
    const link = await this.#links.create(session, { tenantId, userId, purpose, expiresInSeconds, payload })
    const url = `${this.#settings.AUTH_PUBLIC_URL.replace(/\/+$/, '')}/api/v1/profiles/${link.token}`
    const importUrl = `openvpn://import-profile/${url}`
    const qrSvg = await QRCode.toString(importUrl, { type: 'svg', errorCorrectionLevel: 'M' })
    return { url, importUrl, qrSvg, expiresAt: link.expiresAt.toISOString() }
  }

  /** Throws what `fetch` would, and uses nothing up. */
  async look(token: string): Promise<void> {
    const found = await this.#links.find(token)
    if (found?.purpose !== 'profile') throw await this.#refusalOf(token)
  }

  /** Gives the profile, once; throws the 404 of a link that never was, and the 410 of one that was used or has expired. */
  async fetch(token: string, source: string): Promise<{ profile: string; fileName: string }> {
    const found = await this.#links.find(token)
    if (found?.purpose !== 'profile') throw await this.#refusalOf(token)
    const { tenantId, userId } = found
    const profile = await this.#database.withTenant(tenantId, async (session) => {
      const used = await this.#links.useUp(session, token, 'profile')
      const sealed = used?.sealedPayload ?? null
      if (sealed === null) return undefined
      const linked = this.#open(found, sealed)
      const { deviceId: id, certificateSha256 } = linked
      const where = { tenantId, id, certificateSha256, revokedAt: null }
      if ((await session.device.count({ where })) === 0) return undefined
      const target = `device:${id}`
      await recordAudit(session, tenantId, {
        actor: target,
        action: 'device.fetch-profile',
        target,
        userId,
        details: { source },
      })
      return linked.profile
    })
    if (profile === undefined) throw linkIsOver()
    return { profile, fileName: `${found.tenant.slug}.ovpn` }
  }

  #open(link: { tenantId: string; userId: string }, sealed: Uint8Array): z.infer<typeof linkedProfile> {
    const plaintext = this.#secrets.open(PURPOSE, ownerOf(link), sealed)
    const linked = linkedProfile.parse(JSON.parse(Buffer.from(plaintext).toString()))
    plaintext.fill(0)
    return linked
  }

  async #refusalOf(token: string): Promise<ApiProblem> {
    const parsed = parseLinkToken(token)
    if (parsed === undefined) return notFound('link')
    const { tenantId, secretSha256 } = parsed
    const known = await this.#database.withTenant(tenantId, (session) =>
      session.oneTimeLink.count({ where: { tenantId, secretSha256, purpose: 'profile' } }),
    )
    return known === 0 ? notFound('link') : linkIsOver()
  }
}

function ownerOf({ tenantId, userId }: { tenantId: string; userId: string }): string {
  return `${tenantId}/${userId}`
}

function linkIsOver(): ApiProblem {
  return new ApiProblem(410, 'link-is-over', 'This link was used or has expired. Please make a new one in the portal.')
}
