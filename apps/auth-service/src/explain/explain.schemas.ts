import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

export const attemptView = z.strictObject({
  eventId: uuid.describe('the event in the audit log'),
  at: z.iso.datetime(),
  kind: z.enum(['portal-sign-in', 'connection', 'renegotiation']),
  result: z.enum(['allowed', 'asked', 'refused']).describe('asked: a second factor was asked for'),
  outcome: z.string().describe('ok, or the code of the refusal or question'),
  explanation: z.string().describe('what happened and what to do'),
  message: z.string().nullable().describe('what the person was told; null when nothing was refused'),
  source: z.string().nullable().describe('the address that it came from'),
  country: z.string().nullable(),
  client: z.string().nullable().describe('version of the VPN client'),
  device: z.strictObject({ deviceId: uuid, name: z.string().nullable() }).nullable(),
  network: z.string().nullable().describe('name of the network that was connected to, or would have been'),
  node: z.string().nullable().describe('name of the node that carried the connection, or could not'),
  checks: z
    .array(
      z.strictObject({
        check: z.string(),
        outcome: z.string().describe('passed, failed, asked or skipped'),
        detail: z.union([z.string(), z.number()]).nullable(),
      }),
    )
    .describe('what was looked at, in this order'),
})
export type AttemptView = z.infer<typeof attemptView>

export const attemptsView = z.strictObject({ items: z.array(attemptView).describe('newest first') })
export type AttemptsView = z.infer<typeof attemptsView>

const text = z.string().nullable().catch(null).default(null)

/** The details of an attempt in the audit log; what another version wrote is read as far as it is understood. */
export const attemptDetails = z.object({
  source: text,
  country: text,
  client: text,
  deviceId: uuid.nullable().catch(null).default(null),
  checks: z
    .array(
      z.object({
        check: z.string(),
        outcome: z.string(),
        detail: z.union([z.string(), z.number()]).nullable().catch(null).default(null),
      }),
    )
    .catch([])
    .default([]),
})
export type AttemptDetails = z.infer<typeof attemptDetails>
