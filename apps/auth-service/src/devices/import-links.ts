import { Inject, Injectable } from '@nestjs/common'
import { Database, type Device, type TenantSession } from '@sallyport/database'
import QRCode from 'qrcode'
import { z } from 'zod'

import { recordAudit } from '../audit/audit-log.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { linkProblem, UNKNOWN_LINK } from '../links/link-refusal.ts'
import { type FoundLink, OneTimeLinks } from '../links/one-time-links.ts'
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
    await this.#find(token)
  }

  /** Where a person reads what the link is, before it is used. */
  pageOf(token: string): string {
    return this.#links.urlOf(encodeURIComponent(token))
  }

  /** Gives the profile, once; throws the 404 of a link that never was, and the 410 of one that was used or has expired. */
  async fetch(token: string, source: string): Promise<{ profile: string; fileName: string }> {
    const found = await this.#find(token)
    const { tenantId, userId } = found
    const given = await this.#database.withTenant(tenantId, async (session) => {
      const used = await this.#links.useUp(session, token, 'profile')
      // Somebody else came first since it was found.
      if (used === undefined || used.sealedPayload === null)
        return linkProblem({ result: 'link-used', purpose: 'profile' })
      const { deviceId: id, certificateSha256, profile } = this.#open(found, used.sealedPayload)
      const where = { tenantId, id, certificateSha256, revokedAt: null }
      if ((await session.device.count({ where })) === 0) return replaced()
      const target = `device:${id}`
      const entry = { actor: target, action: 'device.fetch-profile', target, userId, details: { source } }
      await recordAudit(session, tenantId, entry)
      return profile
    })
    if (typeof given !== 'string') throw given
    return { profile: given, fileName: `${found.tenant.slug}.ovpn` }
  }

  #open(link: { tenantId: string; userId: string }, sealed: Uint8Array): z.infer<typeof linkedProfile> {
    const plaintext = this.#secrets.open(PURPOSE, ownerOf(link), sealed)
    const linked = linkedProfile.parse(JSON.parse(Buffer.from(plaintext).toString()))
    plaintext.fill(0)
    return linked
  }

  async #find(token: string): Promise<FoundLink> {
    const found = await this.#links.find(token)
    if (found.result !== 'found') throw linkProblem({ purpose: 'profile', ...found })
    if (found.purpose !== 'profile') throw linkProblem({ ...UNKNOWN_LINK, purpose: 'profile' })
    return found
  }
}

function ownerOf({ tenantId, userId }: { tenantId: string; userId: string }): string {
  return `${tenantId}/${userId}`
}

function replaced(): ApiProblem {
  const message = 'A newer profile replaced this one, or the device was revoked. Please make a new link in the portal.'
  return new ApiProblem(410, 'link-replaced', message, undefined, {}, { purpose: 'profile' })
}
