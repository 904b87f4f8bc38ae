import { createHmac } from 'node:crypto'

import { expect, it } from 'vitest'

import { createWebhookKey, webhookHeaders, webhookSecretText } from './webhook-signature.ts'

it('signs as Standard Webhooks prescribes it, by the vector of its libraries', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
  expect(webhookHeaders(key, { id, timestampSeconds: 1614265330, body: '{"test": 2432232314}' })).toEqual({
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

it('gives out a secret from which a receiver gets the key', () => {
  const key = createWebhookKey()
  const text = webhookSecretText(key)
  expect(text).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const readKey = Buffer.from(text.slice('whsec_'.length), 'base64')
  const expected = createHmac('sha256', readKey).update('a.1.{}').digest('base64')
  const headers = webhookHeaders(key, { id: 'a', timestampSeconds: 1, body: '{}' })
  expect(headers['webhook-signature']).toBe(`v1,${expected}`)
  expect(createWebhookKey()).not.toEqual(key)
})
