import { describe, expect, it } from 'vitest'

import type { PushConfiguration } from './push/configuration.ts'
import { ALLOW, GRANT, makeScene, PEER_INFO_26, type Scene, type SceneOptions } from './testing/scene.ts'

const NO_ROUTES: PushConfiguration = { ...GRANT.configuration, routes: [] }
const MORE_ROUTES: PushConfiguration = { ...NO_ROUTES, routes: ['10.20.0.0/16', '10.30.0.0/16'] }
const UPDATE = 'PUSH_UPDATE,route 10.20.0.0 255.255.0.0,route 10.30.0.0 255.255.0.0'

function connected(options: SceneOptions = {}): Scene {
  const scene = makeScene({ line: '2.7', ...options })
  scene.connect()
  return scene
}
const later = ({ client }: Scene): string[] => client.messages.filter((message) => !message.startsWith('PUSH_REPLY'))

describe('a changed configuration', () => {
  it('is told to a client that announced it', () => {
    const scene = connected()
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    scene.simulation.pass(500)
    expect(later(scene)).toEqual([UPDATE])
    expect(scene.server.of('not-updated')).toEqual([])
    expect(scene.client.violations).toEqual([])
  })

  it('is told once, and against what was told last', () => {
    const scene = connected()
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    scene.server.input({ type: 'push-update', configuration: NO_ROUTES })
    scene.simulation.pass(500)
    expect(later(scene)).toEqual([UPDATE, 'PUSH_UPDATE,-route'])
  })

  it('waits until the client is connected, and then only the latest is told', () => {
    const scene = connected({ decide: () => undefined })
    scene.server.input({ type: 'push-update', configuration: { ...MORE_ROUTES, routes: [] } })
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    scene.simulation.pass(500)
    expect(scene.client.messages).toEqual([])
    scene.server.input({ type: 'allowed', keyId: 0, grant: GRANT })
    scene.simulation.pass(500)
    expect(later(scene)).toEqual([UPDATE])
  })

  it('waits while the client reads on a key state that cannot say anything yet', () => {
    const scene = connected({ decide: (request) => (request.phase === 'initial' ? ALLOW(request) : undefined) })
    scene.server.input({ type: 'key-limit', keyId: 0 })
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    expect(scene.server.of('tls-write').filter(({ keyId }) => keyId === 0)).toHaveLength(2)
    scene.simulation.pass(2_000)
    expect(later(scene)).toEqual([UPDATE])
    expect(scene.server.of('tls-write').at(-1)?.keyId).toBe(1)
  })

  it('is left to the host with a client that cannot change it', () => {
    for (const line of ['2.4', '2.5', '2.6', 'v3 3.7'] as const) {
      const scene = connected({ line, wrap: 'tls-crypt' })
      scene.simulation.pass(3_000)
      scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
      scene.server.input({ type: 'push-update', configuration: GRANT.configuration })
      scene.simulation.pass(500)
      expect(later(scene)).toEqual([])
      expect(scene.server.of('not-updated')).toEqual([{ type: 'not-updated' }])
    }
  })

  it('is of no interest once the connection is over', () => {
    const scene = connected()
    scene.client.say('EXIT')
    scene.simulation.pass(500)
    scene.server.input({ type: 'push-update', configuration: MORE_ROUTES })
    scene.server.input({ type: 'info', message: 'too late' })
    scene.simulation.pass(500)
    expect(later(scene)).toEqual([])
  })
})

describe('something to read', () => {
  it('reaches the clients that show it, printable', () => {
    const scene = connected()
    scene.server.input({ type: 'info', message: 'Maintenance\nat 22:00' })
    scene.simulation.pass(500)
    expect(later(scene)).toEqual(['INFO,Maintenance?at 22:00'])
    const old = connected({ line: '2.4', wrap: 'tls-crypt' })
    old.simulation.pass(3_000)
    old.server.input({ type: 'info', message: 'Maintenance' })
    old.simulation.pass(500)
    expect(old.server.of('connected')).toHaveLength(1)
    expect(later(old)).toEqual([])
  })

  it('is kept within a bound while nobody listens', () => {
    const scene = connected({ decide: () => undefined })
    for (let count = 0; count < 20; count++) scene.server.input({ type: 'info', message: String(count) })
    scene.server.input({ type: 'allowed', keyId: 0, grant: GRANT })
    scene.simulation.pass(1_000)
    expect(later(scene)).toEqual([12, 13, 14, 15, 16, 17, 18, 19].map((count) => `INFO,${String(count)}`))
  })
})

describe('the end of a connection by order', () => {
  const ordered = (how: 'restart' | 'exit', advance: boolean, options: SceneOptions): string | undefined => {
    const scene = connected({ wrap: 'tls-crypt', ...options })
    scene.simulation.pass(3_000)
    expect(scene.server.of('connected')).toHaveLength(1)
    scene.server.input({ type: 'end', how, reason: 'over', advance })
    scene.simulation.pass(500)
    return scene.client.messages.at(-1)
  }

  it.each([
    ['2.4', 'RESTART,[PN]:over'],
    ['2.6', 'RESTART,[PN]:over'],
    ['2.7', 'RESTART,[PN]:over'],
    ['v3 3.7', 'RESTART,[P]:over'],
    ['v3', 'RESTART,[P]:over'],
  ] as const)('sends %s to the next server as it understands', (line, message) => {
    expect(ordered('restart', true, { line })).toBe(message)
    expect(ordered('restart', false, { line })).toBe('RESTART,[P]:over')
  })

  it.each([
    ['2.5', 'RESTART,[P]:over'],
    ['2.6', 'EXIT'],
    ['2.7', 'EXIT'],
    ['v3', 'RESTART,[P]:over'],
  ] as const)('says EXIT only where it is understood: %s', (line, message) => {
    expect(ordered('exit', false, { line })).toBe(message)
  })

  it('says EXIT only to clients that were told that it may come', () => {
    expect(ordered('exit', false, { peerInfo: PEER_INFO_26.replace('990', '862') })).toBe('RESTART,[P]:over')
    const scene = makeScene({ decide: () => undefined })
    scene.connect()
    scene.server.input({ type: 'end', how: 'exit', reason: 'over' })
    scene.simulation.pass(500)
    expect(scene.client.messages).toEqual(['RESTART,[P]:over'])
  })
})

it('says with the connection which family the client is of', () => {
  expect(connected({ line: '2.6' }).server.of('connected')).toMatchObject([{ family: 'openvpn-2.6' }])
  expect(connected({ line: 'v3' }).server.of('connected')).toMatchObject([{ family: 'openvpn3-3.11' }])
  expect(connected({ peerInfo: 'IV_PROTO=6\nIV_NCP=2\n' }).server.of('connected')).toMatchObject([
    { family: 'unknown' },
  ])
})
