import { equalBytes } from '@sallyport/foundation'
import { describe, expect, it } from 'vitest'

import type { DataKeys, SessionAction } from './actions.ts'
import { ALLOW, GRANT, makeScene, METADATA, OPTIONS_26, PEER_INFO_26, type Scene } from './testing/scene.ts'
import { GOOD_PEER } from './testing/test-server.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const kinds = (scene: Scene, ...types: SessionAction['type'][]): string[] =>
  scene.server.actions.map(({ type }) => type).filter((type) => types.includes(type))

/** The keys that the client's own derivation gives for the server's role. */
function clientView({ client }: Scene): DataKeys | undefined {
  return client.serverView(0)
}

it('connects a client: three packets without state, key method 2, push reply', () => {
  const scene = makeScene()
  scene.connect()
  const { server, client } = scene
  expect(client.violations).toEqual([])
  expect(server.stateless).toEqual(['answer', 'create'])
  expect(server.session?.identity).toEqual(METADATA)
  expect(client.pushed).toEqual([
    'topology subnet',
    'route-gateway 10.8.0.1',
    'ping 10',
    'ping-restart 60',
    'explicit-exit-notify 1',
    'tun-mtu 1500',
    'ifconfig 10.8.0.2 255.255.255.0',
    'peer-id 65538',
    'auth-token SESS_ID_AT_first',
    'cipher AES-256-GCM',
    'protocol-flags cc-exit tls-ekm dyn-tls-crypt',
  ])
  expect(kinds(scene, 'tls-start', 'tls-write', 'authenticate', 'install-keys', 'connected')).toEqual([
    'tls-start',
    'tls-write',
    'authenticate',
    'install-keys',
    'tls-write',
    'connected',
  ])
  expect(server.of('drop')).toEqual([])
})

it('asks about the client with all that it said', () => {
  const { server, connect } = makeScene()
  connect()
  expect(server.of('authenticate')[0]?.request).toMatchObject({
    phase: 'initial',
    username: 'ada',
    password: 'secret',
    peer: GOOD_PEER,
  })
  expect(server.of('authenticate')[0]?.request.peerInfo.get('IV_VER')).toBe('2.6.14')
  expect(server.of('connected')).toMatchObject([{ cipher: 'AES-256-GCM' }])
})

it.each([
  ['the TLS exporter', PEER_INFO_26],
  ['the PRF', PEER_INFO_26.replace('IV_PROTO=990', 'IV_PROTO=6')],
])('gives both sides the same keys by %s', (_, peerInfo) => {
  const scene = makeScene({ peerInfo })
  scene.connect()
  const [installed] = scene.server.of('install-keys')
  expect(installed).toMatchObject({ keyId: 0, slot: 'primary' })
  expect(installed?.keys).toEqual(clientView(scene))
})

it('mirrors the options of the client', () => {
  const { server, connect } = makeScene()
  connect()
  expect(text(server.of('tls-write')[0]?.bytes ?? new Uint8Array(0))).toContain(
    OPTIONS_26.replace('tls-client', 'tls-server'),
  )
})

it('waits for PUSH_REQUEST when the client did not ask to be pushed to', () => {
  const { server, client, simulation, connect } = makeScene({ peerInfo: PEER_INFO_26.replace('990', '986') })
  connect()
  expect(server.of('connected')).toEqual([])
  expect(server.of('install-keys')).toEqual([])
  client.say('PUSH_REQUEST')
  simulation.pass(500)
  expect(server.of('connected')).toHaveLength(1)
  client.say('PUSH_REQUEST')
  simulation.pass(500)
  expect(client.messages.filter((message) => message.startsWith('PUSH_REPLY'))).toHaveLength(1)
})

it('says nothing before the client acknowledged key method 2', () => {
  const scene = makeScene({
    decide: (request) => {
      scene.client.vanish()
      return ALLOW(request)
    },
  })
  scene.connect()
  scene.simulation.pass(30_000)
  expect(scene.server.of('tls-write')).toHaveLength(1)
  expect(scene.server.of('install-keys')).toEqual([])
})

it('splits a long configuration into parts of one record each', () => {
  const routes = Array.from({ length: 100 }, (_, index) => `10.${String(index)}.0.0/16`)
  const grant = { ...GRANT, configuration: { ...GRANT.configuration, routes } }
  const { client, connect } = makeScene({ decide: () => ({ type: 'allowed', grant }) })
  connect()
  expect(client.messages.length).toBeGreaterThan(3)
  expect(client.violations).toEqual([])
  expect(client.messages.join()).toContain('route 10.99.0.0')
})

it('goes on asking for a timer when it is woken too early', () => {
  const { server, client, simulation, connect } = makeScene()
  connect()
  client.vanish()
  server.input({ type: 'end', how: 'halt', reason: 'over' })
  const asked = server.of('timer')
  server.input({ type: 'timer' })
  expect(server.of('timer')).toEqual([...asked, asked.at(-1)])
  simulation.pass(20_000)
  expect(server.of('closed')).toHaveLength(1)
})

it('ignores decisions about a client that has not introduced itself, and second ones', () => {
  const { server, connect } = makeScene({ decide: () => undefined })
  connect()
  const { session } = server
  if (session === undefined) return expect.unreachable()
  server.input({ type: 'allowed', keyId: 3, grant: GRANT })
  expect(server.of('connected')).toEqual([])
  server.input({ type: 'allowed', keyId: 0, grant: GRANT })
  server.input({ type: 'refused', keyId: 0, refusal: { code: 'late', message: 'late' } })
  server.input({ type: 'allowed', keyId: 0, grant: { ...GRANT, peerId: 9 } })
  expect(server.of('connected')).toHaveLength(1)
  expect(server.of('ended')).toEqual([])
})

describe('under loss and reordering', () => {
  const weather = { delayMs: 40, jitterMs: 200, loss: 0.2, duplication: 0.1 }
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('connects with 20 %% loss both ways, seed %i', (seed) => {
    // Its own repetitions are what brings a client through: those of the 2.x line are five in a minute.
    const scene = makeScene({ seed, weather, line: 'v3' })
    scene.connect()
    scene.simulation.pass(58_000)
    expect(scene.server.of('connected')).toHaveLength(1)
    expect(scene.client.violations).toEqual([])
    expect(scene.client.pushed).toContain('cipher AES-256-GCM')
    expect(scene.server.of('install-keys')[0]?.keys).toEqual(clientView(scene))
  })

  it('repeats a message in a new packet each time', () => {
    const scene = makeScene()
    scene.connect()
    scene.client.vanish()
    scene.server.input({ type: 'end', how: 'restart', reason: 'maintenance' })
    const first = scene.fromServer.at(-1)
    scene.simulation.pass(2_500)
    const second = scene.fromServer.at(-1)
    if (first === undefined || second === undefined) return expect.unreachable()
    expect(second).toHaveLength(first.length)
    expect(equalBytes(first, second)).toBe(false)
  })
})
