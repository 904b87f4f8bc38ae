import { z } from 'zod'

import { brandingView, changeBranding } from '../branding/branding.schemas.ts'
import { tenantSettings } from './tenants.schemas.ts'

const DAY_SECONDS = 24 * 3600
const GIBIBYTE = 2 ** 30

export const settingsView = tenantSettings.extend({
  branding: brandingView.describe('how the tenant looks in the portal'),
})
export type SettingsView = z.infer<typeof settingsView>

/**
 * What a tenant's administrators set themselves. The bounds are narrower than the operator's: nobody may make nodes,
 * which all tenants share, work for nothing. How old clients are let in is the operator's: such a key is tried on packets
 * of everybody.
 */
export const changeSettingsRequest = z.strictObject({
  pingSeconds: z.int().min(5).max(300).optional(),
  pingRestartSeconds: z.int().min(15).max(3600).optional(),
  renegotiateSeconds: z.int().min(600).max(DAY_SECONDS).optional(),
  keyLimitBytes: z.int().min(GIBIBYTE).nullable().optional().describe('null: no limit'),
  keyLimitPackets: z
    .int()
    .min(2 ** 20)
    .nullable()
    .optional()
    .describe('null: no limit'),
  webSignIn: z.boolean().optional().describe('clients that can open a browser give the second factor there'),
  branding: changeBranding.optional().describe('how the tenant looks in the portal'),
})
export type ChangeSettingsRequest = z.infer<typeof changeSettingsRequest>
