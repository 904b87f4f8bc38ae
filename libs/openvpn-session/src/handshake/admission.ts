import {
  assemblePushReply,
  MAX_PASSWORD_LENGTH,
  MAX_SESSION_TOKEN_LENGTH,
  parsePeerInfo,
  type PeerInfo,
  SESSION_TOKEN_PREFIX,
} from '@sallyport/openvpn-wire'

import type { AuthenticationRequest, Refusal, SessionEndReason, SessionGrant } from '../actions.ts'
import type { ClientIntroduction } from '../keys/key-state.ts'
import type { Transport } from '../remote-address.ts'
import { negotiateTerms, pushedOptions, type SessionTerms } from './negotiate.ts'

const MAX_USERNAME_LENGTH = 256

/** What a session settled with its client at the first key method 2; renegotiations must fit it. */
export interface Admitted {
  readonly terms: SessionTerms
  readonly peerInfo: PeerInfo
  readonly username: string
  readonly commonName: string
  readonly certificateSha256: string
}

/** Whether somebody has to be asked about a client, or it is refused without. */
export type Consideration =
  | { readonly type: 'ask'; readonly request: AuthenticationRequest }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly reason: SessionEndReason }

/** Looks at each introduction of a client before anybody is asked, and holds it to what it said at first. */
export class Admission {
  readonly #transport: Transport
  #admitted: Admitted | undefined
  /** The name that came with the session token; a client that took it says it from then on. */
  #tokenUsername: string | undefined
  #showedToken = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** `undefined` until a first introduction passed. */
  get admitted(): Admitted | undefined {
    return this.#admitted
  }

  /** Whether the newest introduction came with a session token. */
  get showedToken(): boolean {
    return this.#showedToken
  }

  /** Judges an introduction; the first one settles terms and identity. */
  consider(introduction: ClientIntroduction): Consideration {
    const { peer, username, password } = introduction
    const peerInfo = parsePeerInfo(introduction.peerInfo)
    this.#showedToken = password.startsWith(SESSION_TOKEN_PREFIX)
    if (username.length > MAX_USERNAME_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
      return refused({ code: 'credentials-too-long', message: 'The user name or password is too long' })
    }
    const phase = this.#admitted === undefined ? 'initial' : 'renegotiation'
    const refusal = this.#admitted === undefined ? this.#settle(introduction, peerInfo) : undefined
    if (refusal !== undefined) return refused(refusal)
    if (!this.#isSameClient(introduction)) {
      const message = 'User name or certificate changed while connected'
      return refused({ code: 'identity-changed', message }, 'renegotiation-failed')
    }
    const dialogues = phase === 'initial' ? (this.#admitted?.terms.abilities.dialogues ?? []) : []
    return { type: 'ask', request: { phase, username, password, peerInfo, peer, dialogues } }
  }

  /**
   * Puts a grant into the messages that announce it: the whole configuration at first, later only a new session token.
   * `undefined` when something of the grant cannot be pushed.
   */
  announce(phase: AuthenticationRequest['phase'], grant: SessionGrant): readonly string[] | undefined {
    if (this.#admitted === undefined || (grant.authToken?.length ?? 0) > MAX_SESSION_TOKEN_LENGTH) return undefined
    const { terms, username } = this.#admitted
    if (phase === 'renegotiation') {
      return grant.authToken === undefined ? [] : assemblePushReply([`auth-token ${grant.authToken}`])
    }
    this.#tokenUsername = grant.authTokenUsername
    return assemblePushReply(pushedOptions(grant, terms, username, this.#transport))
  }

  #settle({ peer, username, options }: ClientIntroduction, peerInfo: PeerInfo): Refusal | undefined {
    const negotiation = negotiateTerms(peerInfo, options)
    if (negotiation.type === 'refused') return negotiation.refusal
    const { certificateSha256, commonName } = peer
    this.#admitted = { terms: negotiation.terms, peerInfo, username, commonName, certificateSha256 }
    return undefined
  }

  #isSameClient({ peer, username }: ClientIntroduction): boolean {
    const isSameName = this.#admitted?.username === username || this.#tokenUsername === username
    return (
      isSameName &&
      this.#admitted?.commonName === peer.commonName &&
      this.#admitted.certificateSha256 === peer.certificateSha256
    )
  }
}

function refused(refusal: Refusal, reason: SessionEndReason = 'refused'): Consideration {
  return { type: 'refused', refusal, reason }
}
