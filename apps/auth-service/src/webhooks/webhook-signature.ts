import { createHmac, randomBytes } from 'node:crypto'

/** Purpose under which a webhook's key is sealed; its owner is the webhook's id. */
export const WEBHOOK_SECRET = 'webhook secret'

const KEY_BYTES = 32
const PREFIX = 'whsec_'

/** Makes the key that signs a webhook's requests. */
export function createWebhookKey(): Buffer {
  return randomBytes(KEY_BYTES)
}

/** Writes a key as receivers' libraries for Standard Webhooks read it. */
export function webhookSecretText(key: Uint8Array): string {
  return `${PREFIX}${Buffer.from(key).toString('base64')}`
}

/** Gives the headers by which the receiver knows the sender, sees repetitions and refuses old requests (Standard Webhooks). */
export function webhookHeaders(
  key: Uint8Array,
  { id, timestampSeconds, body }: { readonly id: string; readonly timestampSeconds: number; readonly body: string },
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(timestampSeconds)
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
