import { z } from 'zod'

import { brandingView } from '../branding/branding.schemas.ts'

export const waitingConnection = z.strictObject({
  tenant: z.strictObject({ slug: z.string(), name: z.string() }),
  branding: brandingView,
  username: z.string().describe('whose connection it is: nobody else can approve it'),
  deviceName: z.string(),
  remoteAddress: z.string().describe('where the client connects from'),
  expiresAt: z.iso.datetime(),
  expiresInSeconds: z.int().positive().describe('the same, for clocks that are wrong'),
})
export type WaitingConnection = z.infer<typeof waitingConnection>
