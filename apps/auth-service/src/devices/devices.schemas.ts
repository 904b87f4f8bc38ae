import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { displayName } from '../tenants/tenants.schemas.ts'

export const profileFlavour = z
  .enum(['modern', 'legacy'])
  .describe('modern: OpenVPN 2.5 and later and OpenVPN Connect; legacy: OpenVPN 2.4, when the tenant lets it in')
export type ProfileFlavour = z.infer<typeof profileFlavour>

export const createDeviceRequest = z.strictObject({
  name: displayName,
  networkId: uuid.optional(),
  csr: z.string().min(1).max(8192),
  flavour: profileFlavour.default('modern'),
})
export type CreateDeviceRequest = z.infer<typeof createDeviceRequest>

export const writeProfileRequest = z.strictObject({ flavour: profileFlavour.default('modern') })
export type WriteProfileRequest = z.infer<typeof writeProfileRequest>

export const createdDevice = z.strictObject({
  deviceId: uuid,
  name: z.string(),
  certificate: z.string(),
  /** Everything but `<key>`. */
  profile: z.string(),
})
export type CreatedDevice = z.infer<typeof createdDevice>

export const deviceView = z.strictObject({
  deviceId: uuid,
  name: z.string(),
  userId: uuid,
  username: z.string(),
  networkId: uuid,
  certificateNotAfter: z.iso.datetime(),
  revoked: z.boolean(),
  createdAt: z.iso.datetime(),
})
export type DeviceView = z.infer<typeof deviceView>
