import { InitialLimits, type RemoteAddress, WrappedKeyMemory } from '@sallyport/openvpn-session'
import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { beforeEach, describe, expect, it } from 'vitest'

import { type Judgement, Reception } from './reception.ts'
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
  limits: new InitialLimits(nodeCryptoSuite),
  wrappedKeys: new WrappedKeyMemory(),
}

let scene: HostScene
let table: SessionTable
let judged: RemoteAddress[]
let result: Judgement

beforeEach(() => {
  scene = new HostScene()
  table = new SessionTable(scene.paths)
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

describe('a TCP stream', () => {
  const path = samplePath(4711, 7)

  it.each(['bad-wkc', 'rate-limited', 'bad-cookie'] as const)(
    'is closed when its first packet is dropped: %s',
    (reason) => {
      result = { type: 'drop', reason }
      reception().take({ path, bytes: BYTES })
      expect(scene.closedStreams).toEqual([7])
    },
  )

  it('is closed while there are no keys, and while the node is drained', () => {
    new Reception(table, scene.services, () => undefined).take({ path, bytes: BYTES })
    expect(scene.closedStreams).toEqual([7])
    const front = reception()
    front.draining = true
    front.take({ path, bytes: BYTES })
    expect(scene.closedStreams).toEqual([7, 7])
  })

  it('stays open for who repeats a question that is answered already', () => {
    result = { type: 'drop', reason: 'duplicate' }
    reception().take({ path, bytes: BYTES })
    expect(scene.closedStreams).toEqual([])
  })

  it('stays open for the session that is on it, whatever else comes', () => {
    const session = new ScriptedSession(SAMPLE_ID)
    session.owns = () => false
    table.add(new SessionHost(session, path, scene.services, table))
    result = { type: 'drop', reason: 'bad-wkc' }
    reception().take({ path, bytes: BYTES })
    expect(scene.closedStreams).toEqual([])
  })

  it('is admitted once its client has a session', () => {
    result = { type: 'create', session: new ScriptedSession(SAMPLE_ID), actions: [] }
    reception().take({ path, bytes: BYTES })
    expect([scene.admittedStreams, scene.closedStreams]).toEqual([[7], []])
    expect(table.hosts).toHaveLength(1)
  })
})

it('wipes a session that it has no use for', () => {
  const session = new ScriptedSession(SAMPLE_ID)
  result = { type: 'create', session, actions: [] }
  const front = reception()
  front.draining = true
  front.take({ path: samplePath(), bytes: BYTES })
  expect(session.discarded).toBe(true)
  expect(table.hosts).toEqual([])
})
