import type { ChainRow } from '../audit/audit.repository.ts'
import { readDetails } from '../audit/audit-details.ts'

/** What a receiver gets of one event: `webhook-id` is the event's id, the same at every repetition. */
export interface WebhookEvent {
  readonly id: string
  readonly body: string
}

/** Tells whether a webhook wants an action: it is on its list, by name or as `noun.*`, or the list is empty. */
export function hears(actions: readonly string[], action: string): boolean {
  if (actions.length === 0) return true
  return actions.some((wanted) => (wanted.endsWith('.*') ? action.startsWith(wanted.slice(0, -1)) : wanted === action))
}

/** Writes an event as Standard Webhooks wants it: type, time, and everything else as data. */
export function webhookEventOf(tenantId: string, { sequence, hash, event }: ChainRow): WebhookEvent | undefined {
  if (event === null) return undefined
  const { id: eventId, at, actor, action, target, outcome, userId, details } = event
  const data = { tenantId, eventId, sequence, hash, actor, action, target, outcome, userId }
  return { id: eventId, body: eventBody(action, at, { ...data, details: readDetails(details) }) }
}

/** Writes an event that happened only to see whether a webhook works. */
export function testEventOf(tenantId: string, id: string, at: Date): WebhookEvent {
  return { id, body: eventBody('webhook.test', at, { tenantId, eventId: id }) }
}

function eventBody(type: string, at: Date, data: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data })
}
