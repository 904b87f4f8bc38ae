import { assemblePushReply, MAX_PASSWORD_LENGTH, parsePeerInfo, type PeerInfo } from '@sallyport/openvpn-wire'

import type { AuthenticationRequest, Refusal, SessionEndReason, SessionGrant } from '../actions.ts'
import type { ClientIntroduction } from '../keys/key-state.ts'
import { negotiateTerms, pushedOptions, type SessionTerms } from './negotiate.ts'

const MAX_USERNAME_LENGTH = 256

/** What a session settled with its client at the first key method 2; renegotiations must fit it. */
export interface Admitted {
  readonly terms: SessionTerms
  readonly peerInfo: PeerInfo
  readonly username: string
  readonly certificateSha256: string
}

/** Whether somebody has to be asked about a client, or it is refused without. */
export type Consideration =
  | { readonly type: 'ask'; readonly request: AuthenticationRequest }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly reason: SessionEndReason }

/** Looks at each introduction of a client before anybody is asked, and holds it to what it said at first. */
export class Admission {
  #admitted: Admitted | undefined

  /** `undefined` until a first introduction passed. */
  get admitted(): Admitted | undefined {
    return this.#admitted
  }

  /** Judges an introduction; the first one settles terms and identity. */
  consider(introduction: ClientIntroduction): Consideration {
    const { peer, username, password } = introduction
    const peerInfo = parsePeerInfo(introduction.peerInfo)
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
    return { type: 'ask', request: { phase, username, password, peerInfo, peer } }
  }

  /**
   * Puts a grant into the messages that announce it: the whole configuration at first, later only a new session token.
   * `undefined` when an option of the grant cannot be pushed.
   */
  announce(phase: AuthenticationRequest['phase'], grant: SessionGrant): readonly string[] | undefined {
    if (this.#admitted === undefined) return undefined
    if (phase === 'initial') return assemblePushReply(pushedOptions(grant, this.#admitted.terms))
    return grant.authToken === undefined ? [] : assemblePushReply([`auth-token ${grant.authToken}`])
  }

  #settle({ peer, username, options }: ClientIntroduction, peerInfo: PeerInfo): Refusal | undefined {
    const negotiation = negotiateTerms(peerInfo, options)
    if (negotiation.type === 'refused') return negotiation.refusal
    const { certificateSha256 } = peer
    this.#admitted = { terms: negotiation.terms, peerInfo, username, certificateSha256 }
    return undefined
  }

  #isSameClient({ peer, username }: ClientIntroduction): boolean {
    return this.#admitted?.username === username && this.#admitted.certificateSha256 === peer.certificateSha256
  }
}

function refused(refusal: Refusal, reason: SessionEndReason = 'refused'): Consideration {
  return { type: 'refused', refusal, reason }
}
