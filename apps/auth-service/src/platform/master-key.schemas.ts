import { z } from 'zod'

const KEY = /^[A-Za-z0-9+/]{43}=$/

export const changeMasterKeyRequest = z.strictObject({
  newMasterKey: z
    .string()
    .regex(KEY, 'must be base64 of 32 bytes: openssl rand -base64 32')
    .describe('base64 of 32 random bytes; instances can start with it or with the present one from then on'),
})
export type ChangeMasterKeyRequest = z.infer<typeof changeMasterKeyRequest>

export const masterKeysView = z.strictObject({
  masterKeys: z
    .array(
      z.strictObject({
        fingerprint: z.string().describe('tells master keys apart; nothing about the key can be told from it'),
        since: z.iso.datetime(),
        isOfThisInstance: z.boolean().describe('the instance that answers was started with it'),
      }),
    )
    .describe('the master keys with which instances can start, the newest last; two while the key is being changed'),
})
export type MasterKeysView = z.infer<typeof masterKeysView>
