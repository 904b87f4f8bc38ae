import type { CryptoSuite } from '@sallyport/openvpn-wire'

import type { Transport } from '../remote-address.ts'
import type { ClientBehaviour } from './client-behaviour.ts'
import type { ClientCredentials } from './client-credentials.ts'
import type { ClientWrap } from './client-wrap.ts'

/** What a client session is made of. */
export interface ClientSessionOptions {
  readonly suite: CryptoSuite
  readonly transport: Transport
  readonly wrap: ClientWrap
  readonly behaviour: ClientBehaviour
  /** Lives longer than the session: the next one takes what this one was given. */
  readonly credentials: Pick<ClientCredentials, 'username' | 'passwordField' | 'noteToken' | 'noteOutcome'>
  /** The options string of key method 2. */
  readonly optionsString: string
  /** Instead of the lines that belong to the behaviour. */
  readonly peerInfo?: string
  /** Age of a key at which this side begins a renegotiation; `undefined` leaves that to the server. */
  readonly renegotiateAfterMs?: number
}
