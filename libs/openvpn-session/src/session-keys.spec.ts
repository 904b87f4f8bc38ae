import { concatBytes } from '@sallyport/foundation'
import { OPCODE, serialiseClientKeyMethod2, serialiseControlMessage } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import type { SessionAction } from './actions.ts'
import { ALLOW, GRANT, makeScene, OPTIONS_26, PEER_INFO_26, type Scene, type SceneOptions } from './testing/scene.ts'
import { GOOD_PEER } from './testing/test-server.ts'

const HOUR_MS = 3_600_000
const ONLY_FIRST: SceneOptions['decide'] = (request) => (request.phase === 'initial' ? ALLOW(request) : undefined)

function connected(options: SceneOptions = {}): Scene {
  const scene = makeScene(options)
  scene.connect()
  return scene
}
const kinds = ({ server }: Scene, ...types: SessionAction['type'][]): string[] =>
  server.actions.map(({ type }) => type).filter((type) => types.includes(type))

describe('epoch keys', () => {
  it('are what both sides have when the client announced them', () => {
    const scene = connected({ line: '2.7' })
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    expect(scene.client.pushed).toContain('protocol-flags cc-exit tls-ekm dyn-tls-crypt aead-epoch')
    for (const keyId of [0, 1] as const) {
      const installed = scene.server.of('install-keys').find((action) => action.keyId === keyId)
      expect(installed?.keys).toMatchObject({ format: 'epoch', cipher: 'AES-256-GCM' })
      expect(installed?.keys).toEqual(scene.client.serverView(keyId))
      expect(installed?.keys.sealKey).toHaveLength(32)
    }
  })

  it('are not used with a client that did not announce them', () => {
    expect(connected({ line: '2.6' }).server.of('install-keys')[0]?.keys.format).toBe('classic')
  })
})

it('has data packets framed as the profile of the client needs, with every key', () => {
  const scene = connected({
    options: OPTIONS_26.replace('proto UDPv4', 'proto UDPv4,comp-lzo'),
    peerInfo: `${PEER_INFO_26}IV_LZO=1\n`,
  })
  scene.client.renegotiate()
  scene.simulation.pass(1_000)
  expect(scene.client.pushed).toContain('comp-lzo no')
  expect(scene.server.of('install-keys').map(({ framing }) => framing)).toEqual(['lzo-byte', 'lzo-byte'])
})

describe('the keys before the current ones', () => {
  const renegotiated = (): Scene => {
    const scene = connected()
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    scene.server.input({ type: 'key-used', keyId: 1 })
    return scene
  }

  it('open packets for an hour after sealing has left them, no longer', () => {
    const scene = renegotiated()
    scene.simulation.pass(HOUR_MS - 1_000)
    expect(scene.server.of('delete-keys')).toEqual([])
    scene.simulation.pass(2_000)
    expect(scene.server.of('delete-keys')).toEqual([{ type: 'delete-keys', slot: 'secondary' }])
    scene.simulation.pass(3 * HOUR_MS)
    expect(scene.server.of('delete-keys')).toHaveLength(1)
  })

  it('are not deleted when newer ones have their slot', () => {
    const scene = renegotiated()
    scene.simulation.pass(HOUR_MS - 10_000)
    scene.client.renegotiate()
    scene.simulation.pass(HOUR_MS - 10_000)
    expect(kinds(scene, 'install-keys', 'swap-keys', 'delete-keys')).toEqual([
      'install-keys',
      'install-keys',
      'swap-keys',
      'install-keys',
      'swap-keys',
    ])
  })

  it('go in time also when a renegotiation fails meanwhile', () => {
    const scene = renegotiated()
    scene.server.decide = () => undefined
    scene.client.renegotiate()
    scene.simulation.pass(HOUR_MS + 1_000)
    expect(scene.server.of('delete-keys')).toHaveLength(1)
  })

  it('are left as they are once the connection is over', () => {
    const scene = renegotiated()
    scene.simulation.pass(HOUR_MS - 2_000)
    scene.client.say('EXIT')
    scene.simulation.pass(10_000)
    expect(scene.server.of('delete-keys')).toEqual([])
  })
})

describe('renegotiations from both sides', () => {
  it('are one when both start with the same key id, on either order of the resets', () => {
    for (const clientFirst of [true, false]) {
      const { server, client, simulation } = connected()
      if (clientFirst) client.renegotiate()
      server.input({ type: 'key-limit', keyId: 0 })
      if (!clientFirst) client.renegotiate()
      simulation.pass(2_000)
      expect(server.of('tls-start').map(({ keyId }) => keyId)).toEqual([0, 1])
      expect(server.of('install-keys').map(({ keyId }) => keyId)).toEqual([0, 1])
      expect(client.violations).toEqual([])
      expect(server.of('drop').filter(({ reason }) => reason !== 'duplicate')).toEqual([])
    }
  })

  it('begin with no reset that was recorded seven renegotiations ago', () => {
    const scene = connected()
    const resets: Uint8Array[] = []
    for (let round = 0; round < 7; round++) {
      const sent = scene.fromClient.length
      scene.client.renegotiate()
      resets.push(...scene.fromClient.slice(sent, sent + 1))
      scene.simulation.pass(6_000)
    }
    expect(resets.map((packet) => packet[0])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((keyId) => (OPCODE.softReset << 3) | keyId),
    )
    for (const bytes of resets) scene.server.input({ type: 'datagram', bytes })
    expect(scene.server.of('tls-start')).toHaveLength(8)
    expect(scene.server.of('drop').map(({ reason }) => reason)).toEqual(resets.map(() => 'replayed-wrap'))
  })

  it('stay in step when a reset of the server never arrived', () => {
    const scene = connected()
    const { server, client, simulation, weather } = scene
    scene.weather = { ...weather, loss: 1 }
    server.input({ type: 'key-limit', keyId: 0 })
    simulation.pass(61_000)
    scene.weather = weather
    client.renegotiate()
    simulation.pass(10_000)
    expect(server.of('install-keys').map(({ keyId }) => keyId)).toEqual([0, 1])
    expect(client.violations).toEqual([])
  })

  it('go on for ever with key ids 1 to 7, whoever starts', () => {
    const { server, client, simulation } = connected()
    for (let round = 0; round < 16; round++) {
      if (round % 2 === 0) client.renegotiate()
      else server.input({ type: 'key-limit', keyId: server.of('install-keys').at(-1)?.keyId ?? 0 })
      simulation.pass(2_000)
    }
    const keyIds = server.of('install-keys').map(({ keyId }) => keyId)
    expect(keyIds).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2])
    expect(client.violations).toEqual([])
  })
})

describe('the name that came with a session token', () => {
  const grant = { ...GRANT, authTokenUsername: 'ada' }

  it('is as good as the one that the client gave at first, and no third one is', () => {
    const { server, client, simulation } = connected({ username: '', decide: () => ({ type: 'allowed', grant }) })
    expect(client.pushed).toContain('auth-token-user YWRh')
    client.username = 'ada'
    client.renegotiate()
    simulation.pass(1_000)
    expect(server.of('install-keys')).toHaveLength(2)
    client.username = 'bob'
    client.renegotiate()
    simulation.pass(1_000)
    expect(server.of('ended')).toEqual([{ type: 'ended', reason: 'renegotiation-failed' }])
  })
})

describe('CVE-2026-40215 class: what belongs to an earlier handshake', () => {
  /** Fails the renegotiation under way, so that the next one has the next key id. */
  const failRenegotiation = ({ server, simulation }: Scene, keyId: 1 | 2 | 3 | 4 | 5 | 6 | 7): void => {
    server.input({ type: 'tls-failed', keyId, code: 'ERR_SSL' })
    simulation.pass(6_000)
  }

  it('allows no later key state: a decision that came seven renegotiations late', () => {
    const scene = connected({ decide: ONLY_FIRST })
    for (const keyId of [1, 2, 3, 4, 5, 6, 7] as const) {
      scene.server.input({ type: 'key-limit', keyId: 0 })
      scene.simulation.pass(1_000)
      failRenegotiation(scene, keyId)
      scene.simulation.pass(60_000)
    }
    scene.simulation.pass(1_000)
    expect(scene.server.of('tls-start').map(({ keyId }) => keyId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 1])
    scene.server.input({ type: 'allowed', keyId: 1, grant: GRANT })
    scene.simulation.pass(1_000)
    expect(scene.server.of('install-keys').map(({ keyId }) => keyId)).toEqual([0])
  })

  it('is not read with a later one: half an introduction', () => {
    const scene = connected({ decide: ONLY_FIRST })
    const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)
    const texts = { options: OPTIONS_26, username: 'ada', password: 'stolen', peerInfo: PEER_INFO_26 }
    const message = serialiseClientKeyMethod2({
      preMaster: bytes(48),
      random1: bytes(32),
      random2: bytes(32),
      ...texts,
    })
    const keyMaterial = () => ({ dataKeys: bytes(256), dynamicTlsCrypt: bytes(256) })
    scene.client.vanish()
    scene.server.input({ type: 'key-limit', keyId: 0 })
    scene.server.input({ type: 'tls-established', keyId: 1, peer: GOOD_PEER, keyMaterial: keyMaterial() })
    scene.server.input({ type: 'tls-plaintext', keyId: 1, bytes: message.subarray(0, 200) })
    scene.simulation.pass(60_000)
    expect(scene.server.of('tls-start').map(({ keyId }) => keyId)).toEqual([0, 1, 1])
    scene.server.input({ type: 'tls-established', keyId: 1, peer: GOOD_PEER, keyMaterial: keyMaterial() })
    scene.server.input({ type: 'tls-plaintext', keyId: 1, bytes: message.subarray(200) })
    expect(scene.server.of('authenticate')).toHaveLength(1)
  })

  it('leads to no data keys: the randoms and exporter output of each are its own and wiped', () => {
    const scene = connected()
    for (let round = 0; round < 3; round++) {
      scene.client.renegotiate()
      scene.simulation.pass(1_000)
    }
    const keys = scene.server.of('install-keys').map(({ keys: { sealKey } }) => Buffer.from(sealKey).toString('hex'))
    expect(new Set(keys).size).toBe(4)
  })
})

describe('a client that starts anew on the same port', () => {
  it('is not taken for the running session, which stays as it is', () => {
    const scene = connected()
    const { server } = scene
    const running = server.session
    const newcomer = scene.restart()
    newcomer.connect()
    const reset = scene.fromClient.at(-1) ?? new Uint8Array(0)
    expect(running?.owns(reset)).toBe(false)
    expect(running?.handle({ type: 'datagram', bytes: reset }, scene.simulation.nowMs)).toEqual([
      { type: 'drop', reason: 'bad-session-id' },
    ])
    const before = server.actions.length
    scene.simulation.pass(5)
    expect(server.actions).toHaveLength(before)
    expect(server.of('ended')).toEqual([])
  })

  it('gets a session of its own that knows nothing of the other', () => {
    const scene = connected()
    scene.restart().connect()
    scene.simulation.pass(2_000)
    expect(scene.server.of('authenticate').map(({ request }) => request.phase)).toEqual(['initial', 'initial'])
    expect(scene.server.of('connected')).toHaveLength(2)
    expect(scene.client.violations).toEqual([])
  })
})

it('takes no reset of key id 0 in a running session for anything', () => {
  const scene = connected()
  const actions = scene.server.session?.handle(
    { type: 'datagram', bytes: scene.client.forge(OPCODE.softReset, 0, { messageId: 0 }) },
    scene.simulation.nowMs,
  )
  expect(actions).toEqual([{ type: 'drop', reason: 'bad-message-id' }])
})

describe('a client whose acknowledgement of the answer is lost for good', () => {
  /** Lets time pass until the server has answered key method 2 of its newest key state, and silences the client. */
  const untilAnswered = ({ server, client, simulation }: Scene, decisions: number): void => {
    for (let step = 0; step < 2_000 && server.of('authenticate').length < decisions; step++) simulation.pass(1)
    simulation.pass(1)
    client.vanish()
    expect(server.of('authenticate')).toHaveLength(decisions)
  }

  it('has the answer all the same when it asks for its configuration', () => {
    const scene = makeScene({ line: '2.4' })
    scene.client.connect()
    untilAnswered(scene, 1)
    scene.simulation.pass(3_000)
    expect(scene.server.of('connected')).toEqual([])
    scene.server.input({ type: 'tls-plaintext', keyId: 0, bytes: serialiseControlMessage('PUSH_REQUEST') })
    expect(scene.server.of('connected')).toHaveLength(1)
  })

  it('has the answer all the same when it seals with the new keys', () => {
    const scene = makeScene({ line: '2.4' })
    scene.client.connect()
    scene.simulation.pass(10_000)
    scene.client.renegotiate()
    untilAnswered(scene, 2)
    scene.simulation.pass(3_000)
    expect(scene.server.of('swap-keys')).toEqual([])
    scene.server.input({ type: 'key-used', keyId: 1 })
    expect(scene.server.of('swap-keys')).toHaveLength(1)
    scene.simulation.pass(60_000)
    expect(scene.server.of('ended')).toEqual([])
  })

  it('gets no reset again once its TLS is up: it would begin another renegotiation', () => {
    const { server, client, simulation, fromServer } = makeScene({ line: '2.4' })
    client.connect()
    simulation.pass(10_000)
    client.vanish()
    const resetsWithin = (durationMs: number): number => {
      const sent = fromServer.length
      simulation.pass(durationMs)
      return fromServer.slice(sent).filter((packet) => (packet[0] ?? 0) >> 3 === OPCODE.softReset).length
    }
    server.input({ type: 'key-limit', keyId: 0 })
    expect(resetsWithin(10_000)).toBeGreaterThan(1)
    const keyMaterial = { dataKeys: new Uint8Array(256), dynamicTlsCrypt: new Uint8Array(256) }
    server.input({ type: 'tls-established', keyId: 1, peer: GOOD_PEER, keyMaterial })
    expect(resetsWithin(30_000)).toBe(0)
  })

  it('is not believed before the answer was sent', () => {
    const { server, client, simulation } = makeScene({ line: '2.4' })
    client.connect()
    for (let step = 0; step < 2_000 && server.session === undefined; step++) simulation.pass(1)
    client.vanish()
    const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)
    const message = serialiseClientKeyMethod2({
      preMaster: bytes(48),
      random1: bytes(32),
      random2: bytes(32),
      options: OPTIONS_26,
      username: 'ada',
      password: 'secret',
      peerInfo: PEER_INFO_26,
    })
    const record = concatBytes([message, serialiseControlMessage('PUSH_REQUEST')])
    const keyMaterial = { dataKeys: bytes(256), dynamicTlsCrypt: bytes(256) }
    server.input({ type: 'tls-established', keyId: 0, peer: GOOD_PEER, keyMaterial })
    server.input({ type: 'tls-plaintext', keyId: 0, bytes: record })
    expect(server.of('authenticate')).toHaveLength(1)
    expect(server.of('connected')).toEqual([])
  })
})
