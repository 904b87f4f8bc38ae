import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { byCreationQuery } from '../http/by-creation.ts'
import { ownName } from '../http/own-name.ts'
import { pageView } from '../http/page.ts'

const MAX_LINK_SECONDS = 24 * 3600
const DEFAULT_LINK_SECONDS = 15 * 60

export const profileFlavour = z
  .enum(['modern', 'legacy'])
  .describe('modern: OpenVPN 2.5 and later and OpenVPN Connect; legacy: OpenVPN 2.4, when the tenant lets it in')
export type ProfileFlavour = z.infer<typeof profileFlavour>

const csr = z
  .string()
  .min(1)
  .max(8192)
  .optional()
  .describe('PEM certificate signing request; the private key stays with the client')
const serverMadeKey = z
  .literal('server-made')
  .optional()
  .describe('in the place of `csr`, for who cannot make a key: the profile comes with it, once, and nothing is kept')

const ONE_KEY = { message: 'give either a csr, or server-made as key', path: ['csr'] }
const hasOneKey = (request: { csr?: string | undefined; key?: string | undefined }): boolean =>
  (request.csr === undefined) !== (request.key === undefined)

const linkTerms = z.strictObject({
  expiresInSeconds: z.int().min(60).max(MAX_LINK_SECONDS).default(DEFAULT_LINK_SECONDS),
})

export const createDeviceRequest = z
  .strictObject({
    name: ownName,
    networkId: uuid.optional().describe('the oldest network when it is left out'),
    csr,
    key: serverMadeKey,
    flavour: profileFlavour.default('modern'),
    importLink: linkTerms
      .optional()
      .describe('gives a link to import the profile in the place of the profile; needs a server-made key'),
  })
  .refine(hasOneKey, ONE_KEY)
  .refine((request) => request.importLink === undefined || request.key !== undefined, {
    message: 'needs a server-made key: a link cannot give a key that is with the client',
    path: ['importLink'],
  })
export type CreateDeviceRequest = z.infer<typeof createDeviceRequest>

export const renewDeviceRequest = z
  .strictObject({ csr, key: serverMadeKey, flavour: profileFlavour.default('modern') })
  .refine(hasOneKey, ONE_KEY)
export type RenewDeviceRequest = z.infer<typeof renewDeviceRequest>

export const changeDeviceRequest = z.strictObject({ name: ownName })
export type ChangeDeviceRequest = z.infer<typeof changeDeviceRequest>

export const createImportLinkRequest = linkTerms.extend({ flavour: profileFlavour.default('modern') })
export type CreateImportLinkRequest = z.infer<typeof createImportLinkRequest>

export const writeProfileRequest = z.strictObject({ flavour: profileFlavour.default('modern') })
export type WriteProfileRequest = z.infer<typeof writeProfileRequest>

export const importLinkView = z.strictObject({
  url: z.url().describe('gives the profile once; whoever has it has the profile'),
  importUrl: z.string().describe('the same for OpenVPN Connect: openvpn://import-profile/…'),
  qrSvg: z.string().describe('a QR code of `importUrl`, as SVG'),
  expiresAt: z.iso.datetime(),
})
export type ImportLinkView = z.infer<typeof importLinkView>

export const createdDevice = z.strictObject({
  deviceId: uuid,
  name: z.string(),
  certificate: z.string().describe('PEM'),
  certificateNotAfter: z.iso.datetime(),
  profile: z
    .string()
    .optional()
    .describe('without `<key>`, which the client appends, unless the key is server-made; absent when there is a link'),
  importLink: importLinkView.optional(),
})
export type CreatedDevice = z.infer<typeof createdDevice>

export const listDevicesQuery = byCreationQuery.extend({
  userId: uuid.optional().describe('the devices of this user only'),
  state: z.enum(['active', 'revoked']).optional(),
  expiresBefore: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('only devices whose certificate ends before this time, or has ended'),
})
export type ListDevicesQuery = z.infer<typeof listDevicesQuery>

export const deviceView = z.strictObject({
  deviceId: uuid,
  name: z.string(),
  userId: uuid,
  username: z.string(),
  networkId: uuid,
  networkName: z.string(),
  authorityId: uuid.describe('who signed its certificate'),
  certificateNotAfter: z.iso.datetime(),
  serverMadeKey: z.boolean(),
  renewalPending: z.boolean().describe('it was renewed, and the new certificate was not used yet'),
  renewableFrom: z.iso.datetime().nullable().describe('from when you can renew it; null for one that is not yours'),
  lastConnectedAt: z.iso.datetime().nullable(),
  revoked: z.boolean(),
  createdAt: z.iso.datetime(),
})
export type DeviceView = z.infer<typeof deviceView>

export const deviceList = pageView(deviceView)
