import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { AUTHORITY_STATES } from '../tenants/tenant-authority.ts'

export const authorityView = z.strictObject({
  authorityId: uuid,
  state: z
    .enum(AUTHORITY_STATES)
    .describe(
      'prepared: signs devices and is in new profiles; active: signs servers as well; trusted: its devices are still let ' +
        'in; retired: nothing of it counts any more',
    ),
  name: z.string().describe('the subject of its certificate'),
  sha256: z.string().describe('fingerprint of its certificate, lower-case hex'),
  certificate: z.string().describe('PEM'),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  devices: z.int().describe('devices with a certificate of it that is good'),
  devicesWithout: z.int().describe('devices with a profile that does not have it: they refuse servers that it signed'),
  crlUrl: z.url().describe('where the list of its revoked certificates is'),
})
export type AuthorityView = z.infer<typeof authorityView>

export const rollOverRequest = z.strictObject({
  force: z.boolean().default(false).describe('although there are devices that cannot connect afterwards'),
})
export type RollOverRequest = z.infer<typeof rollOverRequest>
