import { parseChallengeResponse, parseControlMessages } from '@sallyport/openvpn-wire'

/** A control message of a client, understood. */
export type ClientMessage =
  | { readonly type: 'push-request' }
  | { readonly type: 'exit' }
  | { readonly type: 'challenge-response'; readonly response: string }
  /** Not printable, or nothing that a client has to say. */
  | { readonly type: 'bad' }

/** Reads one TLS record of a client. Nothing in a record that is not printable throughout is taken at its word. */
export function readClientMessages(record: Uint8Array): readonly ClientMessage[] {
  return parseControlMessages(record)?.map(readMessage) ?? [{ type: 'bad' }]
}

function readMessage(message: string): ClientMessage {
  if (message === 'PUSH_REQUEST') return { type: 'push-request' }
  if (message === 'EXIT') return { type: 'exit' }
  const response = parseChallengeResponse(message)
  return response === undefined ? { type: 'bad' } : { type: 'challenge-response', response }
}
