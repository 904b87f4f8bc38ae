import type { EndedReport } from '@sallyport/contracts'
import type { Path, PeerStatistics } from '@sallyport/packet-engine'
import { createLogger } from '@sallyport/telemetry'

import type { Admission, Applicant } from '../admission.ts'
import { createNodeMetrics, type NodeMetrics } from '../node-metrics.ts'
import { PeerIds } from '../peer-ids.ts'
import { RecentRevocations } from '../recent-revocations.ts'
import type { HostServices } from '../session-host.ts'
import type { PathKeeper } from '../session-table.ts'

const NO_TRAFFIC: PeerStatistics = {
  receivedBytes: 0n,
  receivedPackets: 0n,
  sentBytes: 0n,
  sentPackets: 0n,
  transportReceivedBytes: 0n,
  transportSentBytes: 0n,
}

/** Everything around a session that is not the protocol: it notes what it is told, and decides as it is told. */
export class HostScene {
  readonly sent: { path: Path; bytes: Uint8Array }[] = []
  readonly closedStreams: number[] = []
  readonly admittedStreams: number[] = []
  /** What a table of sessions tells the engine. */
  readonly paths: PathKeeper = {
    admitStream: (stream) => this.admittedStreams.push(stream),
    closeStream: (stream) => this.closedStreams.push(stream),
    acquaint: () => undefined,
    forget: () => undefined,
  }
  readonly tlsActions: string[] = []
  readonly peers = new Map<number, Path>()
  readonly asked: Applicant[] = []
  readonly released: string[] = []
  readonly ended: EndedReport[] = []
  readonly completed: number[] = []
  readonly revocations = new RecentRevocations()
  readonly metrics: NodeMetrics
  readonly services: HostServices
  decide: (applicant: Applicant) => Admission | Promise<Admission> = () => ({
    type: 'refused',
    refusal: { code: 'internal-error', message: 'nobody decided' },
  })

  constructor() {
    const none = () => Object.create(null) as never
    const engine = { counters: none, networkCounters: none, cpuSeconds: () => 0 }
    const connections = () => ({ udp: 0, tcp: 0 })
    this.metrics = createNodeMetrics({ engine, networks: () => [], connections, handshakes: () => 0 })
    this.services = this.#services()
  }

  #services(): HostServices {
    const nothing = (): void => undefined
    return {
      engine: {
        sendControl: (path, bytes) => this.sent.push({ path, bytes }),
        closeStream: this.paths.closeStream,
        addPeer: ({ peerId, path }) => this.peers.set(peerId, path),
        deletePeer: (peerId) => this.peers.delete(peerId),
        setKey: nothing,
        swapKeys: nothing,
        deleteKey: nothing,
        setKeepalive: nothing,
        setLimits: nothing,
        statistics: () => NO_TRAFFIC,
      },
      tlsFor: () => ({
        perform: ({ type }) => this.tlsActions.push(type),
        stopAll: () => this.tlsActions.push('stop-all'),
      }),
      admission: {
        decide: (applicant) => {
          this.asked.push(applicant)
          return Promise.resolve(this.decide(applicant))
        },
      },
      revocations: this.revocations,
      limits: { completed: ({ port }) => this.completed.push(port) },
      captures: { finish: nothing },
      leases: { release: (id) => void this.released.push(id) },
      reports: { established: nothing, ended: (_id, report) => this.ended.push(report) },
      peerIds: new PeerIds(1),
      metrics: this.metrics,
      log: createLogger('test', 'silent'),
    }
  }
}
