import { CLIENT_BEHAVIOURS } from '@sallyport/openvpn-session'
import { nodeCryptoSuite, serialiseStaticKeyFile } from '@sallyport/openvpn-wire'
import { EngineError, type PeerStatistics } from '@sallyport/packet-engine'
import { expect, it, vi } from 'vitest'

import { WakeWheel } from '../client/wake-wheel.ts'
import { parseProfile } from '../profile/profile.ts'
import { Fleet, type FleetServices } from './fleet.ts'
import { FleetStatistics } from './fleet-statistics.ts'

const KEY = serialiseStaticKeyFile(new Uint8Array(256))
const PEM = ['ca', 'cert', 'key'].map((tag) => `<${tag}>\nX\n</${tag}>\n`).join('')
const PROFILE = parseProfile('p', `remote a\n${PEM}<tls-crypt>\n${KEY}</tls-crypt>\n`)
const NO_TRAFFIC: PeerStatistics = {
  receivedBytes: 0n,
  receivedPackets: 0n,
  sentBytes: 0n,
  sentPackets: 0n,
  transportReceivedBytes: 0n,
  transportSentBytes: 0n,
}

function scene(size: number, listen?: FleetServices['engine']['listen']) {
  let nowMs = 1_000_000
  let listeners = 0
  const wheel = new WakeWheel(20, nowMs)
  const sendControl = vi.fn<FleetServices['engine']['sendControl']>()
  const closed = vi.fn<(client: number, wasLost: boolean) => void>()
  const engine: FleetServices['engine'] = {
    listen: listen ?? ((options) => ({ ...options, listener: listeners++, port: 40_000 + listeners })),
    acquaint: () => undefined,
    sendControl,
    addPeer: () => undefined,
    setKey: () => undefined,
    swapKeys: () => undefined,
    setKeepalive: () => undefined,
    deletePeer: () => undefined,
    statistics: () => NO_TRAFFIC,
  }
  const tlsContext = {
    connect: (): never => {
      throw new TypeError('no server answers here')
    },
  }
  const member = { profile: PROFILE, secrets: { username: '', password: '' }, localAddress: '127.0.0.1' }
  const fleet = new Fleet(
    Array.from({ length: size }, () => member),
    {
      behaviour: CLIENT_BEHAVIOURS['2.6'],
      server: { address: '127.0.0.2', port: 1194 },
      connectTimeoutMs: 5_000,
      renegotiateAfterMs: undefined,
    },
    { engine, suite: nodeCryptoSuite, wheel, now: () => nowMs, tlsContextOf: () => tlsContext },
    { statistics: new FleetStatistics(), observer: { opened: () => undefined, closed } },
  )
  const pass = (ms: number): void => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 20) wheel.advance(nowMs)
  }
  return { fleet, pass, sendControl, closed, wheel }
}

it('counts clients whom nobody answers, repeats their packets until then, and leaves no timer behind', () => {
  const { fleet, pass, sendControl, closed, wheel } = scene(3)
  for (let index = 0; index < 3; index++) fleet.begin(index)
  expect([fleet.connecting, fleet.open]).toEqual([3, 3])
  pass(3_000)
  expect(sendControl.mock.calls.length).toBeGreaterThanOrEqual(6)
  expect(new Set(sendControl.mock.calls.map(([path]) => path.local.port)).size).toBe(3)
  pass(3_000)
  expect(fleet.statistics.refusals.toObject()).toEqual({ 'no answer': 3 })
  expect([fleet.connecting, fleet.connected, fleet.open, wheel.size]).toEqual([0, 0, 0, 0])
  expect(closed).toHaveBeenCalledWith(0, true)
})

it('counts a client that gets no socket, and lets the others go on', () => {
  let calls = 0
  const { fleet } = scene(2, (options) => {
    if (calls++ === 0) throw new EngineError('address-not-available', 'bind: no more')
    return { ...options, listener: calls, port: 40_000 }
  })
  fleet.begin(0)
  fleet.begin(1)
  expect(fleet.statistics.refusals.toObject()).toEqual({ 'failed: address-not-available': 1 })
  expect([fleet.connecting, fleet.open]).toEqual([1, 1])
  expect(fleet.statistics.first.begun).toBe(2)
})

it('drops what is no packet of a server, and begins a client once', () => {
  const { fleet, sendControl } = scene(1)
  fleet.begin(0)
  fleet.begin(0)
  expect(sendControl).toHaveBeenCalledTimes(1)
  const path = sendControl.mock.calls[0]?.[0]
  if (path === undefined) throw new TypeError('nothing was sent')
  fleet.receive([
    { path, bytes: new Uint8Array(3) },
    { path: { ...path, listener: 99 }, bytes: new Uint8Array(100) },
  ])
  fleet.note({ type: 'peer-timeout', peerId: 77 })
  expect(fleet.statistics.drops).toEqual({ 'too-short': 1 })
  expect(fleet.connecting).toBe(1)
})

it('lets a client leave in the middle of connecting, which is no refusal', () => {
  const { fleet, closed } = scene(1)
  fleet.begin(0)
  fleet.leave(0)
  expect([fleet.connecting, fleet.open]).toEqual([0, 0])
  expect(fleet.statistics.refusals.total).toBe(0)
  expect(closed).toHaveBeenCalledWith(0, false)
  fleet.begin(0)
  fleet.abandonAll()
  expect(fleet.open).toBe(0)
})
