import type { Tenant } from '@sallyport/database'

import { ApiProblem } from '../http/api-problem.ts'
import { type ChangeTenantRequest, legacyClients, type TenantSettings } from './tenants.schemas.ts'

/** The settings that are numbers of 64 bits in the database. */
type LimitName = 'keyLimitBytes' | 'keyLimitPackets'
type SettingColumns = Omit<TenantSettings, LimitName> & Pick<Tenant, LimitName>

/** Reads a tenant's settings from its row. */
export function settingsOf(tenant: Tenant): TenantSettings {
  const { pingSeconds, pingRestartSeconds, renegotiateSeconds } = tenant
  return {
    pingSeconds,
    pingRestartSeconds,
    renegotiateSeconds,
    keyLimitBytes: numberOf(tenant.keyLimitBytes),
    keyLimitPackets: numberOf(tenant.keyLimitPackets),
    legacyClients: legacyClients.parse(tenant.legacyClients),
    webSignIn: tenant.webSignIn,
  }
}

/** Gives the settings as they are after a change; throws the 400 when they do not go together. */
export function changedSettings(tenant: Tenant, change: ChangeTenantRequest['settings']): TenantSettings {
  const given = Object.entries(change ?? {}).filter(([, value]) => value !== undefined)
  const settings: TenantSettings = { ...settingsOf(tenant), ...Object.fromEntries(given) }
  if (settings.pingRestartSeconds <= settings.pingSeconds) {
    throw new ApiProblem(400, 'bad-request', 'pingRestartSeconds must be greater than pingSeconds.')
  }
  return settings
}

/** Writes settings as columns. */
export function columnsOf(settings: TenantSettings): SettingColumns {
  return {
    ...settings,
    keyLimitBytes: settings.keyLimitBytes === null ? null : BigInt(settings.keyLimitBytes),
    keyLimitPackets: settings.keyLimitPackets === null ? null : BigInt(settings.keyLimitPackets),
  }
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
