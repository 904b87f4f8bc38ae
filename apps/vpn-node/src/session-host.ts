import type { ConnectionGrant } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { KeyId, Refusal, Session, SessionAction, SessionInput } from '@sallyport/openvpn-session'
import type { ClientMetadata } from '@sallyport/openvpn-wire'
import type { EndPoint, PacketEngine } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { Admission, AdmissionDesk } from './admission.ts'
import { type Connection, type ConnectionServices, openConnection } from './connection.ts'
import { KeyStateTls } from './key-state-tls.ts'
import type { EndReason, NodeMetrics } from './node-metrics.ts'
import type { Concerned, RecentRevocations } from './recent-revocations.ts'
import { nodeRefusal, refusalCounter } from './refusals.ts'
import type { TenantContexts } from './tenant-contexts.ts'
import { TUN_MTU } from './tunnel-interface.ts'

/** Above the hour after which clients begin by themselves, spread so that clients that came together do not come back so. */
const RENEGOTIATE_AFTER_MS = 66 * 60_000
const RENEGOTIATE_JITTER_MS = 6 * 60_000

/** What every session of a node shares. */
export interface HostServices extends ConnectionServices {
  readonly engine: PacketEngine
  readonly contexts: TenantContexts
  readonly admission: AdmissionDesk
  readonly revocations: RecentRevocations
  readonly metrics: NodeMetrics
  readonly log: Logger
}

/** What the table of sessions wants to hear of one. */
export interface HostObserver<Host> {
  /** TLS is up with a good certificate and the client has spoken. */
  spoke(host: Host): void
  /** The client has a grant: others at its address and other connections of its device are over. */
  admitted(host: Host): void
  connected(host: Host): void
  closed(host: Host): void
}

/** Runs one protocol session: feeds it bytes and time, and performs its actions. */
export class SessionHost {
  readonly remote: EndPoint
  readonly metadata: ClientMetadata
  readonly #session: Session
  readonly #services: HostServices
  readonly #observer: HostObserver<SessionHost>
  readonly #tls: KeyStateTls
  readonly #inputs: SessionInput[] = []
  #busy = false
  #timer: NodeJS.Timeout | undefined
  #connection: Connection | undefined
  #ended = false
  #closed = false

  constructor(session: Session, remote: EndPoint, services: HostServices, observer: HostObserver<SessionHost>) {
    this.remote = remote
    this.metadata = session.metadata
    this.#session = session
    this.#services = services
    this.#observer = observer
    this.#tls = new KeyStateTls(services.contexts, this.metadata.tenantId, {
      input: (input) => {
        this.handle(input)
      },
      unavailable: () => {
        services.metrics.initialDrops.increment('unknown-tenant')
        this.discard('tls-failed')
      },
    })
  }

  /** The connection while it has a tunnel. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  get grant(): ConnectionGrant | undefined {
    return this.#connection?.grant
  }

  /** Whether a control packet belongs to this session rather than to a new one from the same address. */
  owns(bytes: Uint8Array): boolean {
    return this.#session.owns(bytes)
  }

  /** Starts with what the creation of the session asked for. */
  start(actions: readonly SessionAction[]): void {
    this.#run(() => actions)
  }

  /** Feeds one input; inputs that come up while actions are performed wait for their turn. */
  handle(input: SessionInput): void {
    this.#inputs.push(input)
    if (!this.#busy) this.#run(() => [])
  }

  /** Ends the session at once and without a word to the client, who is gone or somebody else. */
  discard(reason: EndReason): void {
    if (this.#closed) return
    this.#finish(reason)
    this.#close()
  }

  #run(first: () => readonly SessionAction[]): void {
    this.#busy = true
    try {
      for (const action of first()) this.#perform(action)
      for (let input = this.#inputs.shift(); input !== undefined && !this.#closed; input = this.#inputs.shift()) {
        for (const action of this.#session.handle(input, Date.now())) this.#perform(action)
      }
    } catch (error) {
      // One client's connection that cannot be kept in order must not take the node with it.
      this.#services.log.error({ deviceId: this.metadata.deviceId, err: describeError(error) }, 'session failed')
      this.discard('internal-error')
    } finally {
      this.#busy = false
    }
  }

  #perform(action: SessionAction): void {
    const { engine, metrics } = this.#services
    switch (action.type) {
      case 'send':
        engine.sendControl(this.remote, action.bytes)
        return
      case 'tls-start':
      case 'tls-deliver':
      case 'tls-write':
      case 'tls-stop':
        this.#tls.perform(action)
        return
      case 'authenticate':
        if (action.request.peer.verifyError === undefined) this.#observer.spoke(this)
        void this.#authenticate(action)
        return
      case 'install-keys':
        this.#connection?.installKeys(action)
        return
      case 'swap-keys':
        this.#connection?.swapKeys()
        return
      case 'connected':
        this.#connection?.establish(action.cipher)
        this.#observer.connected(this)
        return
      case 'timer':
        this.#setTimer(action.atMs)
        return
      case 'drop':
        metrics.sessionDrops.increment(action.reason)
        return
      case 'refused':
        this.#logRefusal(action.refusal)
        return
      case 'ended':
        this.#finish(action.reason)
        return
      case 'closed':
        this.#close()
        return
    }
  }

  async #authenticate({ keyId, request }: SessionAction & { type: 'authenticate' }): Promise<void> {
    const { admission, revocations } = this.#services
    const askedAtMs = Date.now()
    const answer = await admission.decide({
      metadata: this.metadata,
      remote: this.remote,
      request,
      current: this.grant,
    })
    if (this.#ended) {
      await this.#undo(answer)
      return
    }
    const revoked = answer.type === 'refused' ? undefined : revocations.find(this.#concernedBy(answer.grant), askedAtMs)
    if (revoked !== undefined) {
      await this.#undo(answer)
      this.handle({ type: 'refused', keyId, refusal: { code: revoked.code, message: revoked.message } })
    } else if (answer.type === 'refused') {
      this.handle({ type: 'refused', keyId, refusal: answer.refusal })
      await this.#undo(answer)
    } else if (answer.type === 'renewed') {
      this.#connection?.renew(answer.grant)
      this.#allow(keyId, answer.grant)
    } else {
      this.#admit(keyId, answer)
    }
  }

  /** How orders name this client. */
  get concerned(): Concerned {
    return this.#concernedBy(this.grant)
  }

  #concernedBy(grant: ConnectionGrant | undefined): Concerned {
    return { ...this.metadata, userId: grant?.userId, connectionId: grant?.connectionId }
  }

  #admit(keyId: KeyId, admission: Admission & { type: 'admitted' }): void {
    this.#observer.admitted(this)
    try {
      this.#connection = openConnection(admission, this.remote, this.#services)
    } catch (error) {
      this.#services.log.error({ err: describeError(error) }, 'peer not added')
      void this.#undo(admission)
      this.handle({ type: 'refused', keyId, refusal: nodeRefusal('internal-error') })
      return
    }
    this.#allow(keyId, admission.grant)
  }

  #allow(keyId: KeyId, grant: ConnectionGrant): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { peerId, pushOptions } = connection
    const sessionGrant = {
      peerId,
      pushOptions,
      authToken: grant.sessionToken,
      tunMtu: TUN_MTU,
      renegotiateAfterMs: RENEGOTIATE_AFTER_MS + Math.random() * RENEGOTIATE_JITTER_MS,
      endsAtMs: Date.parse(grant.sessionEndsAt),
    }
    this.handle({ type: 'allowed', keyId, grant: sessionGrant })
  }

  /** Gives back what was granted to a client that never got it. */
  async #undo(answer: Admission): Promise<void> {
    if (answer.type === 'renewed' || answer.grant === undefined) return
    const { connectionId } = answer.grant
    await this.#services.leases.release(connectionId)
    this.#services.reports.ended(connectionId, { reason: 'not-established', receivedBytes: '0', sentBytes: '0' })
  }

  #finish(reason: EndReason): void {
    if (this.#ended) return
    this.#ended = true
    const { metrics, log } = this.#services
    metrics.ends.increment(reason)
    const { tenantId, deviceId } = this.metadata
    log.info({ tenantId, deviceId, connectionId: this.grant?.connectionId, reason }, 'connection ended')
    this.#connection?.close(reason)
  }

  #close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#tls.stopAll()
    this.#observer.closed(this)
  }

  #setTimer(atMs: number | undefined): void {
    clearTimeout(this.#timer)
    if (atMs === undefined) return
    this.#timer = setTimeout(
      () => {
        this.handle({ type: 'timer' })
      },
      Math.max(0, atMs - Date.now()),
    )
  }

  #logRefusal({ code, message }: Refusal): void {
    this.#services.metrics.refusals.increment(refusalCounter(code))
    const { tenantId, deviceId } = this.metadata
    this.#services.log.info({ tenantId, deviceId, code, message }, 'client refused')
  }
}
