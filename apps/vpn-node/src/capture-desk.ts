import { closeSync, openSync, statfsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

import type { CaptureReport, NodeOrder } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import type { PacketEngine, TapReport } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

/** Each has a thread and up to 4 MB of memory. */
const MAX_CAPTURES = 8
/** One tenant must not take the places of the others. */
const MAX_CAPTURES_PER_TENANT = 2
/** What captures leave free on their disk, which others use too. */
const RESERVED_BYTES = 2 ** 30
class CaptureError extends SallyportError {}

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

/** Whose packets are captured. */
export interface CaptureSubject {
  readonly tenantId: string
  readonly peerId: number
}

interface Capture {
  readonly captureId: string
  readonly tenantId: string
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

  /** Begins a capture; there is no subject when the connection has no tunnel here. */
  start(order: CaptureOrder, subject: CaptureSubject | undefined): void {
    const { directory, log } = this.#services
    const { captureId, connectionId, side, seconds } = order
    if (directory === undefined) {
      this.#refuse(order, 'not-enabled')
    } else if (subject === undefined) {
      this.#refuse(order, 'no-connection')
    } else if (!this.#hasRoomFor(connectionId, subject.tenantId)) {
      this.#refuse(order, 'busy')
    } else if (this.#open(order, subject.peerId, directory)) {
      const timer = setTimeout(() => {
        this.finish(connectionId)
      }, seconds * 1000)
      this.#captures.set(connectionId, { captureId, ...subject, timer })
      log.info({ captureId, connectionId, side, seconds }, 'capture begins')
    } else {
      this.#report(order, 'file-error', NOTHING)
    }
  }

  #hasRoomFor(connectionId: string, tenantId: string): boolean {
    const captures = [...this.#captures.values()]
    const ofTenant = captures.filter((capture) => capture.tenantId === tenantId)
    return (
      !this.#captures.has(connectionId) && captures.length < MAX_CAPTURES && ofTenant.length < MAX_CAPTURES_PER_TENANT
    )
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
    const file = join(directory, `${captureId}.pcapng`)
    try {
      const { bavail, bsize } = statfsSync(directory)
      if (bavail * bsize < maxBytes + RESERVED_BYTES) throw new CaptureError('disk-full', 'no room for a capture')
      const fd = openSync(file, 'wx', 0o600)
      try {
        this.#services.engine.startTap(peerId, { side, fd, maxBytes })
      } catch (error) {
        unlinkSync(file)
        throw error
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
