import {
  InitialLimits,
  type InitialPacketResult,
  type RemoteAddress,
  WrappedKeyMemory,
} from '@sallyport/openvpn-session'
import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { beforeEach, expect, it } from 'vitest'

import { Reception } from './reception.ts'
import { SessionHost } from './session-host.ts'
import { SessionTable } from './session-table.ts'
import { HostScene } from './testing/host-scene.ts'
import { SAMPLE_ID, samplePath } from './testing/sample-grant.ts'
import { ScriptedSession } from './testing/scripted-session.ts'

const BYTES = Uint8Array.of(0x38, 1, 2, 3)
const ANSWER = Uint8Array.of(0x40)
const context = {
  suite: nodeCryptoSuite,
  tlsCryptV2ServerKey: new Uint8Array(128),
  cookieKeys: [],
  staticKeys: [],
  limits: new InitialLimits(),
  wrappedKeys: new WrappedKeyMemory(),
}

let scene: HostScene
let table: SessionTable
let judged: RemoteAddress[]
let result: InitialPacketResult

beforeEach(() => {
  scene = new HostScene()
  table = new SessionTable(() => undefined)
  judged = []
  result = { type: 'answer', bytes: ANSWER, again: [] }
})

const reception = (known: typeof context | undefined = context): Reception =>
  new Reception(
    table,
    scene.services,
    () => known,
    (_context, remote) => {
      judged.push(remote)
      return result
    },
  )

it('answers where the packet came from, by what the cookie is to prove', () => {
  const path = samplePath(4711, 3)
  reception().take({ path, bytes: BYTES })
  expect(judged).toEqual([{ transport: 'tcp', address: '192.0.2.1', port: 4711, localPort: 1194 }])
  expect(scene.sent).toEqual([{ path, bytes: ANSWER }])
  expect(scene.metrics.handshakes.values().answered).toBe(1)
})

it('repeats an answer as often as it is told', () => {
  result = { type: 'answer', bytes: ANSWER, again: [Uint8Array.of(0x41), Uint8Array.of(0x42)] }
  reception().take({ path: samplePath(), bytes: BYTES })
  expect(scene.sent.map(({ bytes }) => bytes[0])).toEqual([0x40, 0x41, 0x42])
  expect(scene.metrics.handshakes.values().answered).toBe(1)
})

it('ignores everybody until it has the keys of the cluster', () => {
  const empty = new Reception(table, scene.services, () => undefined)
  empty.take({ path: samplePath(), bytes: BYTES })
  expect(scene.sent).toEqual([])
  expect(scene.metrics.initialDrops.values()['no-handshake-keys']).toBe(1)
})

it('counts why a packet was ignored', () => {
  result = { type: 'drop', reason: 'bad-cookie' }
  reception().take({ path: samplePath(), bytes: BYTES })
  expect(scene.metrics.initialDrops.values()['bad-cookie']).toBe(1)
  expect(scene.sent).toEqual([])
})

it('gives no answer to newcomers while the node is drained, and goes on with those who are there', () => {
  const front = reception()
  const session = new ScriptedSession(SAMPLE_ID)
  table.add(new SessionHost(session, samplePath(), scene.services, table))
  front.draining = true
  front.take({ path: samplePath(5000), bytes: BYTES })
  expect(scene.sent).toEqual([])
  expect(scene.metrics.initialDrops.values().draining).toBe(1)
  front.take({ path: samplePath(), bytes: BYTES })
  expect(session.types).toEqual(['datagram'])
})

it("takes a session's control packet from another address for a stranger's, which opens nothing", () => {
  const session = new ScriptedSession(SAMPLE_ID)
  table.add(new SessionHost(session, samplePath(), scene.services, table))
  result = { type: 'drop', reason: 'bad-cookie' }
  reception().take({ path: samplePath(5000), bytes: BYTES })
  expect(session.types).toEqual([])
  expect(table.hosts.length).toBe(1)
})

it('does not find a TCP client by the address and port that a UDP client has', () => {
  const session = new ScriptedSession(SAMPLE_ID)
  table.add(new SessionHost(session, samplePath(), scene.services, table))
  reception().take({ path: samplePath(4711, 1), bytes: BYTES })
  expect(session.types).toEqual([])
})
