import { parseControlMessages } from '@sallyport/openvpn-wire'

import type { ClientDropReason } from './client-actions.ts'
import type { ClientBehaviour } from './client-behaviour.ts'

/** The messages of one TLS record that a client acts on, and what it stumbled over. */
export interface RecordContent {
  readonly messages: readonly string[]
  readonly drop: ClientDropReason | undefined
}

/** Reads one TLS record as the client family does; every deviation from one message with its NUL is also reported. */
export function readRecord(record: Uint8Array, { record: rule }: Pick<ClientBehaviour, 'record'>): RecordContent {
  const messages = parseControlMessages(record)
  if (messages === undefined) return { messages: [], drop: 'bad-control-message' }
  const end = record.indexOf(0)
  if (end < 0) return { messages: rule === 'one-message' ? [] : messages, drop: 'unfinished-message' }
  if (end === record.length - 1) return { messages, drop: undefined }
  const kept = { 'one-message': 0, 'first-message': 1, 'all-messages': messages.length }[rule]
  return { messages: messages.slice(0, kept), drop: 'several-messages-in-record' }
}
