import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQueryOf, pageView } from '../http/page.ts'
import { isPermission, type Permission, PERMISSION_NAMES } from '../http/permissions.ts'

const DAY_SECONDS = 24 * 3600
const MAX_LIFETIME_SECONDS = 366 * DAY_SECONDS

const scope = z.enum(PERMISSION_NAMES).describe('a permission; the token never has one that its owner has not')

export const createApiTokenRequest = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .describe('what it is for')
    .meta({ examples: ['nightly export'] }),
  scopes: z
    .union([z.array(scope).min(1).max(PERMISSION_NAMES.length), z.literal('all')])
    .describe('permissions; `all` are those that the owner has now')
    .meta({ examples: [['audit.read']] }),
  expiresInSeconds: z
    .int()
    .min(60)
    .max(MAX_LIFETIME_SECONDS)
    .describe('at most 366 days')
    .meta({ examples: [90 * DAY_SECONDS] }),
})
export type CreateApiTokenRequest = z.infer<typeof createApiTokenRequest>

export const apiTokenView = z.strictObject({
  tokenId: uuid,
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('to the minute'),
})
export type ApiTokenView = z.infer<typeof apiTokenView>

export const createdApiToken = apiTokenView.extend({
  token: z
    .string()
    .describe('shown once; send it as `Authorization: Bearer …`')
    .meta({ examples: [`sp_${'A'.repeat(43)}_${'B'.repeat(43)}`] }),
})
export type CreatedApiToken = z.infer<typeof createdApiToken>

export const apiTokenOfUserView = apiTokenView.extend({ userId: uuid, username: z.string() })
export type ApiTokenOfUserView = z.infer<typeof apiTokenOfUserView>

export const listApiTokensQuery = pageQueryOf(uuid).extend({ userId: uuid.optional() })
export type ListApiTokensQuery = z.infer<typeof listApiTokensQuery>
export const apiTokenPage = pageView(apiTokenOfUserView)

/** Reads stored scopes; one that a later version took away allows nothing. */
export function permissionsIn(scopes: readonly string[]): Permission[] {
  return scopes.filter(isPermission)
}
