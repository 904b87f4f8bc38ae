import { describe, expect, it } from 'vitest'

import type { ClientLine } from './client/client-behaviour.ts'
import type { KeyId } from './index.ts'
import { ALLOW, GRANT, makeScene, REMOTE, type Scene, type SceneOptions } from './testing/scene.ts'
import { BLACKOUT, FAIR_WEATHER } from './testing/simulation.ts'

const LINES = ['2.4', '2.5', '2.6', '2.7', 'v3 3.7', 'v3'] as const satisfies readonly ClientLine[]
const LOSSY = { delayMs: 40, jitterMs: 150, loss: 0.3, duplication: 0.05, corruption: 0.05 }
const MINUTE_MS = 60_000

/** Connects in fair weather; from there on the weather is the test's. */
function connected(options: SceneOptions = {}): Scene {
  const scene = makeScene({ ...options, weather: { ...FAIR_WEATHER, corruption: Number.MIN_VALUE } })
  scene.client.connect()
  scene.simulation.pass(3_000)
  expect(scene.client.of('connected')).toHaveLength(1)
  return scene
}

/** Lets data flow both ways for so long; gives how many of the packets arrived. */
function talk(
  { client, server, simulation }: Scene,
  durationMs: number,
): { readonly up: number; readonly down: number } {
  const [up, down] = [server.dataReceived, client.dataReceived]
  const packets = durationMs / 500
  for (let sent = 0; sent < packets; sent++) {
    client.sendData()
    server.sendData()
    simulation.pass(500)
  }
  return { up: (server.dataReceived - up) / packets, down: (client.dataReceived - down) / packets }
}

const installed = (side: Scene['client'] | Scene['server']): KeyId[] =>
  [...side.actions].flatMap((action) => (action.type === 'install-keys' ? [action.keyId] : []))

function expectSameKeys({ client, server }: Scene): void {
  expect(installed(client)).toEqual(installed(server))
  const newest = installed(client).at(-1) ?? 0
  expect(server.of('install-keys').at(-1)?.keys).toEqual(client.serverView(newest))
  expect(client.violations).toEqual([])
}

describe.each(LINES)('a client of the line %s', (line) => {
  it.each(['client', 'server'] as const)('renews its keys nine times, begun by the %s, without losing data', (side) => {
    const scene = connected({ line, decide: () => ({ type: 'allowed', grant: GRANT }) })
    for (let round = 0; round < 9; round++) {
      if (side === 'client') scene.client.renegotiate()
      else scene.server.input({ type: 'key-limit', keyId: installed(scene.server).at(-1) ?? 0 })
      const arrived = talk(scene, 5_000)
      expect(arrived).toEqual({ up: 1, down: 1 })
      // Both wait for a first packet of the other: the client's time to move on comes first here.
      talk(scene, MINUTE_MS)
    }
    expect(installed(scene.server)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 1, 2])
    expectSameKeys(scene)
    expect([scene.client.sealingKeyId, scene.server.sealingKeyId]).toEqual([2, 2])
  })

  it.each(['client', 'server'] as const)('renews its keys under 30 percent loss, begun by the %s', (side) => {
    const renewed: number[] = []
    for (let seed = 0; seed < 10; seed++) {
      const scene = connected({ line, seed })
      scene.weather = LOSSY
      if (side === 'client') scene.client.renegotiate()
      else scene.server.input({ type: 'key-limit', keyId: 0 })
      talk(scene, MINUTE_MS + 5_000)
      // A client that could not finish in a minute gives up and connects anew.
      if (scene.client.of('ended').length > 0) continue
      expect(scene.client.violations).toEqual([])
      scene.weather = FAIR_WEATHER
      talk(scene, 2 * MINUTE_MS)
      expect(installed(scene.client)).toEqual([0, 1])
      expectSameKeys(scene)
      expect(talk(scene, 5_000)).toEqual({ up: 1, down: 1 })
      renewed.push(seed)
    }
    expect(renewed.length).toBeGreaterThanOrEqual(7)
  })

  it('renews its keys once when both sides begin at the same time', () => {
    const scene = connected({ line })
    scene.client.renegotiate()
    scene.server.input({ type: 'key-limit', keyId: 0 })
    talk(scene, MINUTE_MS + 5_000)
    expect(installed(scene.client)).toEqual([0, 1])
    expectSameKeys(scene)
  })
})

describe('a renegotiation', () => {
  it('happens when the time of a key is up, by the timer of the client', () => {
    const scene = connected({ renegotiateAfterMs: 10 * MINUTE_MS })
    scene.simulation.pass(25 * MINUTE_MS)
    expect(installed(scene.client)).toEqual([0, 1, 2])
    expectSameKeys(scene)
  })

  it('happens over TCP', () => {
    const scene = connected({ remote: { ...REMOTE, transport: 'tcp' } })
    scene.client.renegotiate()
    talk(scene, MINUTE_MS + 5_000)
    expectSameKeys(scene)
    expect(installed(scene.client)).toEqual([0, 1])
    expect(scene.client.of('drop')).toEqual([])
  })

  it('authenticates with the session token and takes the new one', () => {
    const scene = connected({
      decide: ({ phase }) =>
        phase === 'initial'
          ? { type: 'allowed', grant: GRANT }
          : { type: 'allowed', grant: { ...GRANT, authToken: 'SESS_ID_AT_next' } },
    })
    scene.client.renegotiate()
    scene.simulation.pass(2_000)
    expect(scene.server.of('authenticate').map(({ request }) => request.password)).toEqual([
      'secret',
      'SESS_ID_AT_first',
    ])
    expect(scene.client.credentials.token).toBe('SESS_ID_AT_next')
  })

  it('begun by the server in a blackout is begun again with the same key id, which the client still expects', () => {
    const scene = connected()
    scene.weather = BLACKOUT
    scene.server.input({ type: 'key-limit', keyId: 0 })
    scene.simulation.pass(MINUTE_MS + 2_000)
    scene.weather = FAIR_WEATHER
    talk(scene, 3 * MINUTE_MS)
    expect(installed(scene.client)).toEqual([0, 1])
    expectSameKeys(scene)
  })

  it('that the server never answers makes the client connect anew after a minute', () => {
    const scene = connected()
    scene.weather = BLACKOUT
    scene.client.renegotiate()
    scene.simulation.pass(MINUTE_MS - 1_000)
    expect(scene.client.of('ended')).toEqual([])
    scene.simulation.pass(2_000)
    expect(scene.client.of('ended')).toEqual([{ type: 'ended', outcome: { reason: 'handshake-timeout' } }])
    expect(scene.client.of('closed')).toHaveLength(1)
  })

  it('that is refused ends the connection and tells the client why', () => {
    const scene = connected({
      decide: (request) =>
        request.phase === 'initial'
          ? ALLOW(request)
          : { type: 'refused', refusal: { code: 'x', message: 'Device removed' } },
    })
    scene.client.renegotiate()
    scene.simulation.pass(2_000)
    expect(scene.client.of('ended')).toMatchObject([{ outcome: { reason: 'refused', message: 'Device removed' } }])
    expect(scene.client.credentials.token).toBeUndefined()
  })
})
