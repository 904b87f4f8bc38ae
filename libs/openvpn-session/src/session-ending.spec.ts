import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import type { Refusal, SessionInput } from './actions.ts'
import { Session } from './session.ts'
import { CLIENT } from './testing/first-packets.ts'
import { ALLOW, GRANT, makeScene, PEER_INFO_26, type Scene, type SceneOptions } from './testing/scene.ts'
import { ControlLink } from './wrap/control-link.ts'
import { tlsCryptKeys, tlsCryptMode } from './wrap/tls-crypt.ts'
import { CountedWrapping } from './wrap/wrapping.ts'

const REFUSAL: Refusal = { code: 'wrong-otp', message: 'Wrong one-time password' }
const LATER: Refusal = { code: 'pool-full', message: 'No address is free', temporary: { backoffSeconds: 30 } }

function connected(options: SceneOptions = {}): Scene {
  const scene = makeScene(options)
  scene.connect()
  return scene
}
const refusedBy = (refusal: Refusal, options: SceneOptions = {}): Scene =>
  connected({ decide: () => ({ type: 'refused', refusal }), ...options })
const ending = ({ server }: Scene): string[] =>
  server.actions.map(({ type }) => type).filter((type) => ['refused', 'ended', 'closed'].includes(type))

describe('a refused client', () => {
  it('is told why in a record of its own, and the session lingers for five seconds', () => {
    const scene = refusedBy(REFUSAL)
    expect(scene.client.messages).toEqual(['AUTH_FAILED,Wrong one-time password'])
    expect(scene.client.violations).toEqual([])
    expect(ending(scene)).toEqual(['refused', 'ended'])
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'refused' }])
    expect(scene.server.of('install-keys')).toEqual([])
    scene.simulation.pass(3_900)
    expect(ending(scene)).toEqual(['refused', 'ended'])
    scene.simulation.pass(1_200)
    expect(ending(scene)).toEqual(['refused', 'ended', 'closed'])
    expect(scene.server.of('tls-stop')).toHaveLength(1)
    const count = scene.server.actions.length
    scene.simulation.pass(120_000)
    expect(scene.server.actions).toHaveLength(count)
  })

  it('is told when to come back if it understands that', () => {
    expect(refusedBy(LATER).client.messages).toEqual(['AUTH_FAILED,TEMP[backoff 30]:No address is free'])
    const old = refusedBy(LATER, { peerInfo: PEER_INFO_26.replace('990', '734') })
    expect(old.client.messages).toEqual(['AUTH_FAILED,No address is free'])
  })

  it('keeps the session token that it showed, whether it understands when to come back or not', () => {
    const token = { password: 'SESS_ID_AT_AAAA' }
    expect(refusedBy(LATER, token).client.messages).toEqual(['AUTH_FAILED,TEMP[backoff 30]:No address is free'])
    const old = refusedBy(LATER, { ...token, peerInfo: PEER_INFO_26.replace('990', '734') })
    expect(old.client.messages).toEqual(['RESTART,[P]:No address is free'])
    expect(old.server.of('ended')).toEqual([{ type: 'ended', reason: 'refused' }])
  })

  it('is refused without asking when no session is possible', () => {
    const cases: [string, SceneOptions][] = [
      ['no-shared-cipher', { peerInfo: 'IV_PROTO=990\nIV_CIPHERS=BF-CBC\n' }],
      ['not-pulling', { peerInfo: PEER_INFO_26.replace('990', '1022') }],
      ['credentials-too-long', { password: 'x'.repeat(2049) }],
      ['credentials-too-long', { username: 'x'.repeat(257) }],
    ]
    for (const [code, options] of cases) {
      const { server, client } = connected(options)
      expect(server.of('authenticate')).toEqual([])
      expect(server.of('refused').map(({ refusal }) => refusal.code)).toEqual([code])
      expect(client.messages).toHaveLength(1)
    }
  })

  it('is refused when its grant cannot be pushed', () => {
    const dns = { ...GRANT.configuration.dns, searchDomains: ['corp.example,evil'] }
    const grants = [
      { ...GRANT, configuration: { ...GRANT.configuration, dns } },
      { ...GRANT, authToken: `SESS_ID_AT_${'A'.repeat(117)}` },
    ]
    for (const grant of grants) {
      const { server } = connected({ decide: () => ({ type: 'allowed', grant }) })
      expect(server.of('refused').map(({ refusal }) => refusal.code)).toEqual(['invalid-grant'])
      expect(server.of('connected')).toEqual([])
    }
  })

  it('does not keep its session busy when its handshake was to end while the session lingers', () => {
    const scene = connected({ decide: () => undefined })
    scene.simulation.pass(57_000)
    scene.server.input({ type: 'refused', keyId: 0, refusal: REFUSAL })
    scene.simulation.pass(1_500)
    const before = scene.server.of('timer').length
    scene.simulation.pass(10_000)
    expect(scene.server.of('timer').length - before).toBeLessThan(10)
    expect(ending(scene)).toEqual(['refused', 'ended', 'closed'])
  })

  it('gets the message again until it acknowledged it', () => {
    const scene = makeScene({
      decide: () => ({ type: 'refused', refusal: REFUSAL }),
      seed: 3,
      weather: { delayMs: 20, jitterMs: 0, loss: 0.3, duplication: 0 },
    })
    scene.connect()
    scene.simulation.pass(60_000)
    expect(scene.client.messages).toEqual(['AUTH_FAILED,Wrong one-time password'])
  })

  it('gets only printable text of a bounded length', () => {
    const { client } = refusedBy({ code: 'odd', message: `a\nb\u00e9${'x'.repeat(500)}` })
    expect(client.messages[0]).toBe(`AUTH_FAILED,a?b?${'x'.repeat(196)}`)
  })
})

describe('CVE-2024-28882 class: the exit of a session scheduled again and again', () => {
  it('ends at the first EXIT and closes five seconds later, however many follow', () => {
    const scene = connected()
    const { server, client, simulation } = scene
    for (let second = 0; second < 5; second++) {
      client.say('EXIT')
      server.input({ type: 'end', how: 'halt', reason: 'again' })
      server.input({ type: 'peer-gone', reason: 'occ-exit' })
      simulation.pass(1_000)
    }
    simulation.pass(200)
    expect(server.of('ended')).toHaveLength(1)
    expect(server.of('closed')).toHaveLength(1)
  })

  it('does not let repeated orders put off the closing', () => {
    const { server, client, simulation } = connected()
    client.say('EXIT')
    simulation.pass(500)
    expect(server.of('ended')).toEqual([{ type: 'ended', reason: 'client-exit' }])
    for (let second = 0; second < 5; second++) {
      expect(server.of('closed')).toEqual([])
      server.input({ type: 'end', how: 'restart', reason: 'again' })
      server.input({ type: 'tls-failed', keyId: 0, code: 'ERR_SSL' })
      server.input({ type: 'peer-gone', reason: 'occ-exit' })
      simulation.pass(1_000)
    }
    expect(server.of('closed')).toHaveLength(1)
  })
})

describe('CVE-2026-12996 class: packets of a session that is over', () => {
  it('are acknowledged while it lingers and dropped afterwards', () => {
    const { server, client, simulation, fromServer } = connected()
    client.say('EXIT')
    simulation.pass(500)
    const sent = fromServer.length
    const delivered = server.of('tls-deliver').length
    client.say('PUSH_REQUEST')
    simulation.pass(500)
    expect(fromServer.length).toBeGreaterThan(sent)
    expect(server.of('tls-deliver')).toHaveLength(delivered)
    simulation.pass(6_000)
    const closedAt = fromServer.length
    client.say('PUSH_REQUEST')
    simulation.pass(1_000)
    expect(fromServer).toHaveLength(closedAt)
    expect(server.of('drop').at(-1)).toEqual({ type: 'drop', reason: 'session-closed' })
  })

  it('bring no action at all after the close, whatever the input', () => {
    const { server, simulation } = connected()
    server.input({ type: 'peer-gone', reason: 'keepalive-timeout' })
    const inputs: SessionInput[] = [
      { type: 'timer' },
      { type: 'tls-ciphertext', keyId: 0, bytes: new Uint8Array(10) },
      { type: 'tls-plaintext', keyId: 0, bytes: new Uint8Array(10) },
      { type: 'tls-failed', keyId: 0, code: 'X' },
      { type: 'allowed', keyId: 0, grant: GRANT },
      { type: 'refused', keyId: 0, refusal: REFUSAL },
      { type: 'key-used', keyId: 0 },
      { type: 'key-limit', keyId: 0 },
      { type: 'peer-gone', reason: 'occ-exit' },
      { type: 'end', how: 'halt', reason: 'x' },
    ]
    for (const input of inputs) expect(server.session?.handle(input, simulation.nowMs)).toEqual([])
  })
})

it('closes a session that its host has no use for without a word, and wipes its key', () => {
  const suite = nodeCryptoSuite
  const wrappingKey = suite.randomBytes(256)
  const mode = tlsCryptMode(suite, tlsCryptKeys(wrappingKey, 'server'))
  const wrapping = new CountedWrapping(mode, { id: 0, timeSeconds: 0 }, 'udp')
  const link = new ControlLink({ local: CLIENT, remote: CLIENT }, wrapping, 'udp')
  const session = new Session({ suite, link, identity: { tenantId: 'a', deviceId: 'b' }, wrappingKey }, 0)
  session.discard()
  session.discard()
  expect(wrappingKey.every((byte) => byte === 0)).toBe(true)
  expect(session.handle({ type: 'timer' }, 1)).toEqual([])
})

describe('a connection that ends by order', () => {
  it.each([
    ['halt', 'HALT,over'],
    ['restart', 'RESTART,[P]:over'],
    ['auth-failed', 'AUTH_FAILED,over'],
  ] as const)('%s: the client hears %s', (how, message) => {
    const scene = connected()
    scene.server.input({ type: 'end', how, reason: 'over' })
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'ordered' }])
    scene.simulation.pass(1_000)
    expect(scene.client.messages.at(-1)).toBe(message)
    scene.simulation.pass(5_000)
    expect(ending(scene)).toEqual(['ended', 'closed'])
  })

  it('is over at once for the host, but the client hears it only when it can', () => {
    const scene = makeScene({ decide: () => undefined })
    scene.client.connect()
    scene.simulation.pass(70)
    scene.server.input({ type: 'end', how: 'halt', reason: 'over' })
    expect(scene.server.of('ended')).toHaveLength(1)
    scene.simulation.pass(2_000)
    expect(scene.client.messages).toEqual(['HALT,over'])
    expect(scene.server.of('authenticate')).toEqual([])
  })

  it('is told on the new key state when a renegotiation is under way', () => {
    const scene = connected({ decide: (request) => (request.phase === 'initial' ? ALLOW(request) : undefined) })
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    scene.server.input({ type: 'end', how: 'halt', reason: 'over' })
    expect(scene.server.of('tls-write').at(-1)?.keyId).toBe(1)
  })
})

describe('a client that is gone', () => {
  it.each(['occ-exit', 'keepalive-timeout'] as const)('%s: the session ends and closes at once', (reason) => {
    const scene = connected()
    scene.server.input({ type: 'peer-gone', reason })
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason }])
    expect(ending(scene)).toEqual(['ended', 'closed'])
  })

  it('ends the session a minute after its first packet when the handshake is not finished', () => {
    const scene = makeScene({ decide: () => undefined })
    scene.connect()
    scene.simulation.pass(58_000)
    expect(ending(scene)).toEqual([])
    scene.simulation.pass(2_000)
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'handshake-timeout' }])
    expect(ending(scene)).toEqual(['ended', 'closed'])
  })

  it('ends the session when TLS fails, with time for the alert to arrive', () => {
    const scene = makeScene({ decide: () => undefined })
    scene.connect()
    scene.server.input({ type: 'tls-failed', keyId: 0, code: 'ERR_SSL' })
    expect(ending(scene)).toEqual(['ended'])
    const sent = scene.fromServer.length
    scene.server.input({ type: 'tls-ciphertext', keyId: 0, bytes: Uint8Array.of(21) })
    expect(scene.fromServer.length).toBe(sent + 1)
    scene.simulation.pass(5_000)
    expect(ending(scene)).toEqual(['ended', 'closed'])
  })

  it('cannot make the session hold more TLS output than a bound', () => {
    const scene = connected()
    scene.server.input({ type: 'tls-ciphertext', keyId: 0, bytes: new Uint8Array(200_000) })
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'protocol-error' }])
    expect(ending(scene)).toEqual(['ended', 'closed'])
  })
})

describe('what a client says wrongly', () => {
  it('CVE-2024-5594 class: drops a record that is not printable and goes on', () => {
    const { server, client, simulation } = connected()
    client.sayBytes(Uint8Array.of(0x45, 0x58, 0x07, 0x49, 0x54, 0))
    client.say('NONSENSE')
    simulation.pass(500)
    expect(server.of('drop').map(({ reason }) => reason)).toEqual(['bad-control-message', 'bad-control-message'])
    expect(server.of('ended')).toEqual([])
    client.say('EXIT')
    simulation.pass(500)
    expect(server.of('ended')).toHaveLength(1)
  })

  it('ends a session whose key method 2 is none', () => {
    const scene = makeScene({ decide: () => undefined, username: 'a\0b' })
    scene.connect()
    expect(scene.server.of('drop').map(({ reason }) => reason)).toEqual(['bad-key-method'])
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'protocol-error' }])
    expect(scene.server.of('tls-write')).toEqual([])
  })
})
