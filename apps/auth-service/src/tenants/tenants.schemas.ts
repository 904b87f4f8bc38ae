import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQuery, pageView } from '../http/page.ts'
import { username } from '../users/users.schemas.ts'
import { namespaceList } from './namespaces.ts'

/** A name that people read; it also stands in profiles, so it has no quotes, backslashes or control characters. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._()&+@/-]*$/u, 'must be letters, digits, spaces and . _ ( ) & + @ / -')

/** The short name of the platform's own tenant. */
export const PLATFORM_SLUG = 'platform'

export const tenantSlug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens, at most 32')
  .refine((slug) => slug !== PLATFORM_SLUG, "is kept for the platform's own tenant")

export const listTenantsQuery = pageQuery.extend({ state: z.enum(['active', 'suspended']).optional() })
export type ListTenantsQuery = z.infer<typeof listTenantsQuery>

export const createTenantRequest = z.strictObject({
  slug: tenantSlug,
  name: displayName,
  administrator: z.strictObject({ username }),
  namespaces: namespaceList.default([]),
})
export type CreateTenantRequest = z.infer<typeof createTenantRequest>

export const createdTenant = z.strictObject({
  tenantId: uuid,
  slug: z.string(),
  administrator: z.strictObject({ userId: uuid, username: z.string(), oneTimePassword: z.string() }),
})
export type CreatedTenant = z.infer<typeof createdTenant>

const DAY_SECONDS = 24 * 3600

export const legacyClients = z.enum(['off', 'tls-crypt', 'tls-auth'])

export const tenantSettings = z.strictObject({
  pingSeconds: z.int().min(1).max(300),
  pingRestartSeconds: z.int().min(5).max(3600),
  renegotiateSeconds: z.int().min(10).max(DAY_SECONDS),
  keyLimitBytes: z.int().min(65_536).nullable(),
  keyLimitPackets: z.int().min(1024).nullable(),
  legacyClients: legacyClients.describe('how clients without tls-crypt-v2 wrap their control channel'),
  webSignIn: z.boolean().describe('clients that can open a browser give the second factor there'),
})
export type TenantSettings = z.infer<typeof tenantSettings>

export const changeTenantRequest = z.strictObject({
  suspended: z.boolean().optional(),
  settings: tenantSettings.partial().optional(),
  namespaces: namespaceList.optional(),
})
export type ChangeTenantRequest = z.infer<typeof changeTenantRequest>

export const tenantView = z.strictObject({
  tenantId: uuid,
  slug: z.string(),
  name: z.string(),
  isPlatform: z.boolean().describe('its users are the operators of the platform'),
  suspended: z.boolean(),
  settings: tenantSettings,
  namespaces: z.array(z.string()),
  createdAt: z.iso.datetime(),
})
export type TenantView = z.infer<typeof tenantView>

export const tenantPage = pageView(tenantView)
