import type { ChainBreak } from '@sallyport/audit-chain'
import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQueryOf } from '../http/page.ts'

const MAX_TEXT = 200
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
const sequence = z.int().min(0)
const time = z.iso.datetime({ offset: true }).describe('a time as in RFC 3339, for example 2026-11-25T10:00:00Z')

export const auditQuery = pageQueryOf(z.tuple([z.iso.datetime(), uuid]))
  .omit({ search: true })
  .extend({
    from: time.optional().describe('no older events than this'),
    to: time.optional().describe('no newer events than this'),
    actor: z.string().max(MAX_TEXT).optional().describe('who did it, for example user:<id>'),
    action: z.string().max(MAX_TEXT).optional().describe('how the action begins, for example device.'),
    userId: uuid.optional().describe('whom it is about'),
    outcome: z.string().max(MAX_TEXT).optional().describe('ok, or the code of the refusal'),
  })
export type AuditQuery = z.infer<typeof auditQuery>

export const auditEventView = z.strictObject({
  eventId: uuid,
  sequence: sequence.describe("place in the tenant's chain"),
  hash: z.string().describe('SHA-256 that chains it to all events before it'),
  at: z.iso.datetime(),
  actor: z.string(),
  actorName: z
    .string()
    .nullable()
    .describe('its present name; null when it has none, is gone, or is not of the tenant'),
  action: z.string(),
  target: z.string().nullable(),
  targetName: z.string().nullable().describe('like `actorName`; of a connection the name of its device'),
  outcome: z.string().describe('ok, or the code of the refusal'),
  userId: uuid.nullable().describe('whom it is about'),
  username: z.string().nullable().describe('the present name of whom it is about'),
  details: z.unknown().describe('codes, numbers and addresses; null when there are none or they were erased'),
  detailsErased: z.boolean().describe('its user was deleted, and the details with them'),
})
export type AuditEventView = z.infer<typeof auditEventView>

export const exportQuery = z.strictObject({
  from: time.optional().describe('begin with the first event that is not older'),
  to: time.optional().describe('end with the last event that is not newer'),
  after: z.coerce
    .number()
    .pipe(sequence)
    .default(0)
    .describe('begin behind this place of the chain, for example where the last export ended'),
})
export type ExportQuery = z.infer<typeof exportQuery>

export const auditHead = z.strictObject({
  sequence: sequence.describe('how many events the chain has'),
  hash: sha256.describe('hash of the last one; 64 zeroes while there is none'),
})
export type AuditHeadView = z.infer<typeof auditHead>

export const verifyRequest = z
  .strictObject({
    from: auditHead.optional().describe('a place that was verified before: only what follows it is read'),
    anchor: auditHead.optional().describe('a place that was kept elsewhere: the chain must pass through it'),
  })
  .refine(({ from, anchor }) => from === undefined || anchor === undefined || from.sequence <= anchor.sequence, {
    path: ['anchor'],
    message: 'must not lie before «from», because nothing is read there',
  })
export type VerifyRequest = z.infer<typeof verifyRequest>

/** What can be wrong with the log in the database: as in a file, and events and links that do not belong together. */
export type LogBreak = Exclude<ChainBreak, 'unreadable'> | 'missing-event' | 'unlinked-event'

/** What each break means and what to do. */
export const BREAK_MESSAGES: Readonly<Record<LogBreak, string>> = {
  gap: 'Lines before this one were taken out. Compare with your last export.',
  order: 'The lines do not count up here. Compare with your last export.',
  link: 'This line does not follow the one before it: one of the two was replaced. Compare with your last export.',
  hash: 'A field of this line was changed. Compare with your last export.',
  details: 'The details of this line were changed. Compare with your last export.',
  tenant: 'This line belongs to another tenant. Ask the operator who changed the database.',
  anchor:
    'The chain does not pass through the anchor: its end was cut off, or it was written anew. Compare with your last export.',
  'missing-event': 'The event of this place was deleted. Compare with your last export.',
  'unlinked-event': 'This event is in the log but not in its chain: it was put in by hand, or its link was taken out.',
}
const breaks = z.enum(Object.keys(BREAK_MESSAGES).filter(isBreak))

function isBreak(name: string): name is LogBreak {
  return Object.hasOwn(BREAK_MESSAGES, name)
}

export const verifyResponse = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    count: z.int().describe('lines that were read and found good'),
    head: auditHead.describe('keep it elsewhere, and send it as anchor next time'),
  }),
  z.strictObject({
    ok: z.literal(false),
    count: z.int().describe('lines before it that are good'),
    why: breaks,
    sequence: sequence.nullable().describe('where the chain is broken'),
    eventId: uuid.nullable().describe('the event that is not in the chain'),
    message: z.string(),
  }),
])
export type VerifyResponse = z.infer<typeof verifyResponse>
