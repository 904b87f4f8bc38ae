import { answerOf, type operations } from '@sallyport/api-client'

import { api } from '../api/api.ts'
import { present } from '../api/search-params.ts'
import type { DeviceKey } from './device-key.ts'
import { withPrivateKey } from './profile-file.ts'

type Created = operations['devicesCreate']['responses'][201]['content']['application/json']

/** A link with which a phone fetches its profile. */
export type ImportLink = NonNullable<Created['importLink']>

/** What somebody wants for a new device. */
export interface DeviceWish {
  readonly userId: string
  readonly name: string
  readonly networkId: string | undefined
  readonly flavour: 'modern' | 'legacy'
  /** `own-key`: made here. `server-key`: made by the service, in a file. `link`: the same, fetched by a phone. */
  readonly how: 'own-key' | 'server-key' | 'link'
}

/** A profile that is to be handed over, or the link that gives it; in no storage and no cache. */
export interface HandedProfile {
  readonly deviceId: string
  readonly name: string
  readonly profile?: string | undefined
  readonly importLink?: ImportLink | undefined
}

const LINK_SECONDS = 15 * 60

/** Enrols a device with a key of this browser. The same key again gives the same device. */
export async function enrolWithKey(
  { name, networkId, flavour }: DeviceWish,
  { csr, privateKeyPem }: DeviceKey,
): Promise<HandedProfile> {
  const body = { name, flavour, csr, ...present({ networkId }) }
  return handedOf(await answerOf(api.POST('/api/v1/devices', { body })), privateKeyPem)
}

/** Enrols a device with a key of the service. */
export async function enrolWithServerKey({ name, networkId, flavour, how }: DeviceWish): Promise<HandedProfile> {
  const body = { name, flavour, key: 'server-made' as const, ...present({ networkId }) }
  const terms = how === 'link' ? { importLink: { expiresInSeconds: LINK_SECONDS } } : {}
  return handedOf(await answerOf(api.POST('/api/v1/devices', { body: { ...body, ...terms } })))
}

/**
 * Looks for the device of a call whose answer was lost: its key cannot be given a second time, but a link gives it a new
 * one. `undefined` when the call never arrived.
 */
export async function findLostDevice(
  { userId, name, how, flavour }: DeviceWish,
  sinceMs: number,
): Promise<HandedProfile | undefined> {
  const query = { userId, search: name, state: 'active' as const }
  const { items } = await answerOf(api.GET('/api/v1/devices', { params: { query } }))
  const lost = items.find(
    (device) =>
      device.name === name &&
      device.serverMadeKey &&
      device.lastConnectedAt === null &&
      Date.parse(device.createdAt) >= sinceMs,
  )
  if (lost === undefined) return undefined
  const { deviceId } = lost
  const importLink = await makeImportLink(deviceId, flavour)
  if (how === 'link') return { deviceId, name, importLink }
  const token = importLink.url.slice(importLink.url.lastIndexOf('/') + 1)
  const fetched = api.GET('/api/v1/profiles/{token}', { params: { path: { token } }, parseAs: 'text' })
  return { deviceId, name, profile: await answerOf(fetched) }
}

/** Makes a link that gives a device with a key of the service its profile once, with a new key. */
export function makeImportLink(deviceId: string, flavour: DeviceWish['flavour'] = 'modern'): Promise<ImportLink> {
  const body = { expiresInSeconds: LINK_SECONDS, flavour }
  return answerOf(api.POST('/api/v1/devices/{id}/import-link', { params: { path: { id: deviceId } }, body }))
}

/** Gives a device another certificate, for a key of this browser, or for one of the service when there is none. */
export async function renewDevice(deviceId: string, key: DeviceKey | undefined): Promise<HandedProfile> {
  const body = {
    flavour: 'modern' as const,
    ...(key === undefined ? { key: 'server-made' as const } : { csr: key.csr }),
  }
  const renewed = api.POST('/api/v1/devices/{id}/renew', { params: { path: { id: deviceId } }, body })
  return handedOf(await answerOf(renewed), key?.privateKeyPem)
}

function handedOf({ deviceId, name, profile, importLink }: Created, privateKeyPem?: string): HandedProfile {
  const isWhole = profile === undefined || privateKeyPem === undefined
  return { deviceId, name, profile: isWhole ? profile : withPrivateKey(profile, privateKeyPem), importLink }
}
