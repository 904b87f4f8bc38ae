import { z } from 'zod'

export const extensionView = z.strictObject({
  sessionEndsAt: z.iso.datetime().describe('when the login ends now; by the rules it may be no later than before'),
})
export type ExtensionView = z.infer<typeof extensionView>
