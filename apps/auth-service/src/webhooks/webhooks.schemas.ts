import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { byCreationQuery } from '../http/by-creation.ts'
import { pageView } from '../http/page.ts'
import { TOLD_FAILURES } from './delivery-failure.ts'

const MAX_ACTIONS = 50

const action = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z-]*\.(?:\*|[a-z][a-z-]*)$/, 'must be an action such as device.revoke, or all of a kind: device.*')
const url = z
  .string()
  .describe(
    'https, without user name, password and fragment; http to the own machine where the portal has no TLS either; ' +
      'redirects are not followed',
  )
const actions = z.array(action).max(MAX_ACTIONS).describe('the actions to be told about; none means all')

export const createWebhookRequest = z.strictObject({ url, actions: actions.default([]) })
export type CreateWebhookRequest = z.infer<typeof createWebhookRequest>

export const changeWebhookRequest = z.strictObject({
  url: url.optional(),
  actions: actions.optional(),
  disabled: z.boolean().optional(),
  newSecret: z.literal(true).optional().describe('replace the secret; the old one is worth nothing at once'),
  skipMissed: z.literal(true).optional().describe('do not deliver what happened until now'),
})
export type ChangeWebhookRequest = z.infer<typeof changeWebhookRequest>

export const webhookView = z.strictObject({
  webhookId: uuid,
  url: z.string().describe('without `webhooks.write` its origin only: the rest may hold a secret of the receiver'),
  actions: z.array(z.string()),
  state: z
    .enum(['working', 'failing', 'disabled'])
    .describe('failing: it is tried again; disabled: by somebody, or because it failed for three days or answered 410'),
  deliveredSequence: z.int().describe('place in the audit chain up to which everything was delivered'),
  failures: z.int().describe('in a row'),
  failingSince: z.iso.datetime().nullable(),
  lastError: z.string().nullable().describe('as `failure` of a test, with the status if there was one'),
  nextAttemptAt: z.iso.datetime().nullable().describe('null while it does not fail'),
  createdAt: z.iso.datetime(),
})
export type WebhookView = z.infer<typeof webhookView>

export const webhookPage = pageView(webhookView)

export const listWebhooksQuery = byCreationQuery
export type ListWebhooksQuery = z.infer<typeof listWebhooksQuery>

const secret = z.string().describe('shown only now: whsec_ and base64, as libraries for Standard Webhooks read it')
export const createdWebhook = webhookView.extend({ secret })
export type CreatedWebhook = z.infer<typeof createdWebhook>

export const changedWebhook = webhookView.extend({ secret: secret.optional() })
export type ChangedWebhook = z.infer<typeof changedWebhook>

export const webhookTest = z.strictObject({
  delivered: z.boolean(),
  status: z.int().nullable().describe('what the receiver answered; null when nothing came'),
  failure: z.enum(TOLD_FAILURES).nullable().describe('unreachable: no such name, no answer there, or not allowed'),
  milliseconds: z.int(),
})
export type WebhookTest = z.infer<typeof webhookTest>
