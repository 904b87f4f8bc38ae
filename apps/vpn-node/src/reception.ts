import { answerInitialPacket, type ServerContext } from '@sallyport/openvpn-session'
import type { ControlPacket } from '@sallyport/packet-engine'

import { remoteAddressOf } from './client-path.ts'
import { type HostServices, SessionHost } from './session-host.ts'
import type { SessionTable } from './session-table.ts'

/** Takes every control packet: to the session that it belongs to, or as the first one of a client. */
export class Reception {
  readonly #table: SessionTable
  readonly #services: HostServices
  readonly #context: () => ServerContext | undefined
  readonly #judge: typeof answerInitialPacket
  #draining = false

  /** `context` gives `undefined` until the cluster's keys are known. */
  constructor(
    table: SessionTable,
    services: HostServices,
    context: () => ServerContext | undefined,
    judge = answerInitialPacket,
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
      metrics.initialDrops.increment('no-handshake-keys')
      return
    }
    const result = this.#judge(context, remoteAddressOf(path), bytes, Date.now())
    if (result.type === 'drop') {
      metrics.initialDrops.increment(result.reason)
    } else if (this.#draining) {
      metrics.initialDrops.increment('draining')
    } else if (result.type === 'answer') {
      metrics.handshakes.increment('answered')
      for (const answer of [result.bytes, ...result.again]) engine.sendControl(path, answer)
    } else if (!this.#table.hasRoom) {
      metrics.initialDrops.increment('too-many-handshakes')
    } else {
      metrics.handshakes.increment('opened')
      const newcomer = new SessionHost(result.session, path, this.#services, this.#table)
      this.#table.add(newcomer)
      newcomer.start(result.actions)
    }
  }
}
