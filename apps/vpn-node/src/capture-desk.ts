import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type { CaptureReport, NodeOrder } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { PacketEngine, TapReport } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

/** Each has a thread and up to 4 MB of memory. */
const MAX_CAPTURES = 8
const NOTHING: TapReport = { packets: 0n, missed: 0n, fileBytes: 0n }

export type CaptureOrder = NodeOrder & { type: 'capture' }

/** What the desk needs of its node. */
export interface CaptureServices {
  readonly engine: Pick<PacketEngine, 'startTap' | 'stopTap'>
  readonly reports: { captured(connectionId: string, report: CaptureReport): void }
  /** Where files go; without one nothing is captured. */
  readonly directory: string | undefined
  readonly log: Logger
}

interface Capture {
  readonly captureId: string
  readonly peerId: number
  readonly timer: NodeJS.Timeout
}

/** Writes the packets of connections to files, when an administrator has ordered it, and tells how it went. */
export class CaptureDesk implements Disposable {
  readonly #services: CaptureServices
  /** By connection: one at a time. */
  readonly #captures = new Map<string, Capture>()

  constructor(services: CaptureServices) {
    this.#services = services
  }

  /** Begins a capture of the connection's peer, which is `undefined` when the connection has no tunnel here. */
  start(order: CaptureOrder, peerId: number | undefined): void {
    const { captureId, connectionId } = order
    if (this.#services.directory === undefined) {
      this.#refuse(order, 'not-enabled')
    } else if (peerId === undefined) {
      this.#refuse(order, 'no-connection')
    } else if (this.#captures.has(connectionId) || this.#captures.size >= MAX_CAPTURES) {
      this.#refuse(order, 'busy')
    } else if (this.#open(order, peerId, this.#services.directory)) {
      const timer = setTimeout(() => {
        this.finish(connectionId)
      }, order.seconds * 1000)
      this.#captures.set(connectionId, { captureId, peerId, timer })
      this.#services.log.info({ captureId, connectionId, side: order.side, seconds: order.seconds }, 'capture begins')
    } else {
      this.#report(order, 'file-error', NOTHING)
    }
  }

  /** Completes the file of a connection; to be called before its peer is deleted. */
  finish(connectionId: string): void {
    const capture = this.#captures.get(connectionId)
    if (capture === undefined) return
    this.#captures.delete(connectionId)
    clearTimeout(capture.timer)
    this.#report({ connectionId, captureId: capture.captureId }, 'finished', this.#stop(capture))
  }

  #stop({ captureId, peerId }: Capture): TapReport {
    try {
      return this.#services.engine.stopTap(peerId)
    } catch (error) {
      this.#services.log.warn({ captureId, err: describeError(error) }, 'capture lost')
      return NOTHING
    }
  }

  #open({ captureId, side, maxBytes }: CaptureOrder, peerId: number, directory: string): boolean {
    try {
      const fd = openSync(join(directory, `${captureId}.pcapng`), 'wx', 0o600)
      try {
        this.#services.engine.startTap(peerId, { side, fd, maxBytes })
      } finally {
        closeSync(fd)
      }
      return true
    } catch (error) {
      this.#services.log.warn({ captureId, err: describeError(error) }, 'capture not begun')
      return false
    }
  }

  #refuse(order: CaptureOrder, outcome: CaptureReport['outcome']): void {
    const { captureId, connectionId } = order
    this.#services.log.info({ captureId, connectionId, outcome }, 'capture refused')
    this.#report(order, outcome, NOTHING)
  }

  #report(
    { connectionId, captureId }: Pick<CaptureOrder, 'connectionId' | 'captureId'>,
    outcome: CaptureReport['outcome'],
    { packets, missed }: TapReport,
  ): void {
    const counts = { packets: String(packets), missed: String(missed) }
    this.#services.reports.captured(connectionId, { captureId, outcome, ...counts })
  }

  [Symbol.dispose](): void {
    for (const connectionId of [...this.#captures.keys()]) this.finish(connectionId)
  }
}
