import { createHash } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { type Branding, Database, type TenantSession } from '@sallyport/database'

import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { textColourOn } from './accent-colour.ts'
import { type BrandingView, type ChangeBranding, NO_BRANDING } from './branding.schemas.ts'

/** No tenant has it: who asks for one that does not exist waits as long as others do. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Everything about a tenant's looks but the file itself. */
type BrandingRow = Omit<Branding, 'logo'>

/** A logo with the digest that names it. */
export interface Logo {
  readonly file: Uint8Array
  readonly sha256: string
}

/** How tenants look. */
@Injectable()
export class BrandingService {
  readonly #database: Database
  readonly #tenants: TenantsRepository

  constructor(@Inject(Database) database: Database, @Inject(TenantsRepository) tenants: TenantsRepository) {
    this.#database = database
    this.#tenants = tenants
  }

  /** Gives the looks of a tenant; one that does not exist looks like one that chose nothing. */
  async bySlug(slug: string): Promise<BrandingView> {
    return this.of({ id: await this.#idOf(slug), slug })
  }

  /** Gives the looks of a tenant that is known already. */
  of({ id, slug }: { readonly id: string; readonly slug: string }): Promise<BrandingView> {
    return this.#database.withTenant(id, (session) => readBranding(session, { id, slug }))
  }

  /** Gives a tenant's logo, if it has one. */
  async logoOf(slug: string): Promise<Logo | undefined> {
    const tenantId = await this.#idOf(slug)
    const row = await this.#database.withTenant(tenantId, (session) =>
      session.branding.findUnique({ where: { tenantId }, select: { logo: true, logoSha256: true } }),
    )
    if (row === null || row.logo === null || row.logoSha256 === null) return undefined
    return { file: row.logo, sha256: row.logoSha256 }
  }

  async #idOf(slug: string): Promise<string> {
    return (await this.#tenants.findBySlug(slug))?.id ?? NOBODY
  }
}

/** Reads the looks of the session's tenant. */
export async function readBranding(
  session: TenantSession,
  { id: tenantId, slug }: { readonly id: string; readonly slug: string },
): Promise<BrandingView> {
  const row = await session.branding.findUnique({ where: { tenantId }, omit: { logo: true } })
  return row === null ? NO_BRANDING : viewOf(row, slug)
}

/** Changes what is given; null takes away. */
export async function writeBranding(session: TenantSession, tenantId: string, change: ChangeBranding): Promise<void> {
  const { logo, ...texts } = change
  const file = logo === undefined || logo === null ? logo : new Uint8Array(logo)
  const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined))
  const data = { ...given, ...(file === undefined ? {} : { logo: file, logoSha256: file && sha256Of(file) }) }
  await session.branding.upsert({ where: { tenantId }, create: { tenantId, ...data }, update: data })
}

function viewOf({ displayName, accentColour, logoSha256, supportText, supportUrl }: BrandingRow, slug: string) {
  return {
    displayName,
    accentColour,
    accentTextColour: accentColour === null ? null : textColourOn(accentColour),
    logoUrl: logoSha256 === null ? null : `/api/v1/branding/${slug}/logo?version=${logoSha256.slice(0, 16)}`,
    supportText,
    supportUrl,
  }
}

function sha256Of(file: Uint8Array): string {
  return createHash('sha256').update(file).digest('hex')
}
