import {
  answerInitialPacket,
  type InitialPacketResult,
  type ServerContext,
  type SessionAction,
} from '@sallyport/openvpn-session'
import type { ControlPacket, Path } from '@sallyport/packet-engine'

import { remoteAddressOf } from './client-path.ts'
import type { NodeMetrics } from './node-metrics.ts'
import { type HostedSession, type HostServices, SessionHost } from './session-host.ts'
import type { SessionTable } from './session-table.ts'

/** What became of a first packet, as far as it matters here. */
export type Judgement =
  | Exclude<InitialPacketResult, { type: 'create' }>
  | { readonly type: 'create'; readonly session: HostedSession; readonly actions: readonly SessionAction[] }
type Judge = (...packet: Parameters<typeof answerInitialPacket>) => Judgement
type DropReason = Parameters<NodeMetrics['initialDrops']['increment']>[0]

/** Takes every control packet: to the session that it belongs to, or as the first one of a client. */
export class Reception {
  readonly #table: SessionTable
  readonly #services: HostServices
  readonly #context: () => ServerContext | undefined
  readonly #judge: Judge
  #draining = false

  /** `context` gives `undefined` until the cluster's keys are known. */
  constructor(
    table: SessionTable,
    services: HostServices,
    context: () => ServerContext | undefined,
    judge: Judge = answerInitialPacket,
  ) {
    this.#table = table
    this.#services = services
    this.#context = context
    this.#judge = judge
  }

  /** While true nobody new is answered, so that clients try another server; sessions go on. */
  get draining(): boolean {
    return this.#draining
  }

  set draining(draining: boolean) {
    this.#draining = draining
  }

  /** Deals with one packet. Packets of a session's client from another address are strangers here: only data moves it. */
  take({ path, bytes }: ControlPacket): void {
    const host = this.#table.find(path, bytes)
    if (host === undefined) this.#takeFirst({ path, bytes })
    else host.handle({ type: 'datagram', bytes })
  }

  #takeFirst({ path, bytes }: ControlPacket): void {
    const { engine, metrics } = this.#services
    const context = this.#context()
    if (context === undefined) {
      this.#drop(path, 'no-handshake-keys')
      return
    }
    const result = this.#judge(context, remoteAddressOf(path), bytes, Date.now())
    if (result.type === 'drop') {
      this.#drop(path, result.reason)
    } else if (this.#draining) {
      if (result.type === 'create') result.session.discard()
      this.#drop(path, 'draining')
    } else if (result.type === 'answer') {
      metrics.handshakes.increment('answered')
      for (const answer of [result.bytes, ...result.again]) engine.sendControl(path, answer)
    } else {
      metrics.handshakes.increment('opened')
      const newcomer = new SessionHost(result.session, path, this.#services, this.#table)
      this.#table.add(newcomer)
      newcomer.start(result.actions)
    }
  }

  /** A stream has nothing to say that could follow a first packet like this, so it must not take the place of another. */
  #drop(path: Path, reason: DropReason): void {
    this.#services.metrics.initialDrops.increment(reason)
    const { stream } = path
    if (stream !== undefined && reason !== 'duplicate' && this.#table.at(path).length === 0) {
      this.#services.engine.closeStream(stream)
    }
  }
}
