import type { ConnectionGrant } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { AuthenticationRequest, ClientIdentity, KeyId, SessionInput } from '@sallyport/openvpn-session'
import type { Path } from '@sallyport/packet-engine'

import { type Admission, type AdmissionDesk, deviceOf } from './admission.ts'
import { type Connection, type ConnectionServices, openConnection } from './connection.ts'
import { Dialogue, type Settled } from './dialogue.ts'
import type { NodeMetrics } from './node-metrics.ts'
import type { Concerned, RecentRevocations } from './recent-revocations.ts'
import { nodeRefusal } from './refusals.ts'

export interface AdmittanceServices extends ConnectionServices {
  readonly admission: Pick<AdmissionDesk, 'decide'>
  readonly revocations: Pick<RecentRevocations, 'find'>
  readonly metrics: Pick<NodeMetrics, 'challenges'>
}

/** What the session hears of its client's admittance. */
export interface AdmittanceEvents {
  /** For the protocol: `pending`, `allowed` or `refused`. */
  readonly input: (input: SessionInput) => void
  /** Only the certificate told whose device it is. */
  readonly identified: () => void
  /** The client has a good certificate and has spoken. */
  readonly spoke: () => void
  /** The client is let in: whoever stands in its way has to go first. Where it is by then. */
  readonly admitted: () => Path
}

/** Who a session's client is, and what it was let in to: from its first words to its connection, and every renewal. */
export class Admittance {
  readonly #claimed: ClientIdentity
  readonly #services: AdmittanceServices
  readonly #events: AdmittanceEvents
  readonly #dialogue: Dialogue
  #identity: ClientIdentity
  #connection: Connection | undefined

  /** `claimed` is what the client's wrapping key says. */
  constructor(claimed: ClientIdentity, services: AdmittanceServices, events: AdmittanceEvents) {
    this.#claimed = claimed
    this.#identity = claimed
    this.#services = services
    this.#events = events
    this.#dialogue = new Dialogue(
      services.admission,
      {
        pending: (keyId, pending) => {
          events.input({ type: 'pending', keyId, pending })
        },
        settled: this.#settle.bind(this),
        late: this.#undo.bind(this),
      },
      services.metrics.challenges,
    )
  }

  /** Whose session it is; the device of a client with a shared key is known once its certificate was verified. */
  get identity(): ClientIdentity {
    return this.#identity
  }

  get connection(): Connection | undefined {
    return this.#connection
  }

  get grant(): ConnectionGrant | undefined {
    return this.#connection?.grant
  }

  /** How orders name this client. */
  get concerned(): Concerned {
    return this.#concernedBy(this.grant)
  }

  /** Has a request decided on; the answer comes as input for the protocol. */
  consider(keyId: KeyId, request: AuthenticationRequest, path: Path): void {
    if (request.peer.verifyError === undefined) this.#introduce(request)
    this.#dialogue.begin(keyId, { identity: this.#claimed, path, request, current: this.grant })
  }

  /** The user's answer to the text that the client was asked for. */
  respond(keyId: KeyId, response: string): void {
    this.#dialogue.respond(keyId, response)
  }

  /** A user has answered a challenge in the browser: perhaps this one's. */
  challengeAnswered(state: string): void {
    this.#dialogue.answered(state)
  }

  /** Nothing is decided any more, and what there was is given back. */
  end(reason: string): void {
    this.#dialogue.close()
    this.#connection?.close(reason)
  }

  #introduce({ peer }: AuthenticationRequest): void {
    const deviceId = deviceOf(this.#claimed, peer)
    if (this.#identity.deviceId === undefined && deviceId !== undefined) {
      this.#identity = { ...this.#claimed, deviceId }
      this.#events.identified()
    }
    // With a stolen profile key, another device of the tenant could else put an end to this one's attempts.
    if (deviceId === undefined || peer.commonName.toLowerCase() === deviceId) this.#events.spoke()
  }

  #settle(keyId: KeyId, answer: Settled, askedAtMs: number): void {
    const { revocations } = this.#services
    const revoked = answer.type === 'refused' ? undefined : revocations.find(this.#concernedBy(answer.grant), askedAtMs)
    if (revoked !== undefined) {
      this.#undo(answer)
      const { code, message } = revoked
      this.#events.input({ type: 'refused', keyId, refusal: { code, message } })
    } else if (answer.type === 'refused') {
      this.#events.input({ type: 'refused', keyId, refusal: answer.refusal })
      this.#undo(answer)
    } else if (answer.type === 'renewed') {
      this.#connection?.renew(answer.grant, askedAtMs)
      this.#allow(keyId)
    } else {
      this.#admit(keyId, answer)
    }
  }

  #admit(keyId: KeyId, admission: Admission & { type: 'admitted' }): void {
    const path = this.#events.admitted()
    try {
      this.#connection = openConnection(admission, path, this.#services)
    } catch (error) {
      this.#services.log.error({ err: describeError(error) }, 'peer not added')
      const refusal = nodeRefusal('internal-error')
      this.#undo({ type: 'refused', refusal, grant: admission.grant })
      this.#events.input({ type: 'refused', keyId, refusal })
      return
    }
    this.#allow(keyId)
  }

  #allow(keyId: KeyId): void {
    if (this.#connection) this.#events.input({ type: 'allowed', keyId, grant: this.#connection.sessionGrant })
  }

  /** Gives back what was granted to a client that never got it, and says why when that was this node's doing. */
  #undo(answer: Admission): void {
    if (answer.type === 'renewed' || answer.type === 'challenged' || answer.grant === undefined) return
    const { connectionId } = answer.grant
    this.#services.leases.release(connectionId)
    const reason = answer.type === 'refused' ? answer.refusal.code : 'not-established'
    this.#services.reports.ended(connectionId, { reason, receivedBytes: '0', sentBytes: '0' })
  }

  #concernedBy(grant: ConnectionGrant | undefined): Concerned {
    return { ...this.#identity, userId: grant?.userId, connectionId: grant?.connectionId }
  }
}
