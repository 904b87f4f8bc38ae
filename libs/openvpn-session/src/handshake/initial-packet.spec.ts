import { concatBytes, equalBytes } from '@sallyport/foundation'
import {
  createClientKey,
  nodeCryptoSuite as suite,
  OPCODE,
  parseControlBody,
  parseControlHeader,
  parseResendWkc,
} from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  ackPacket,
  ADDRESS,
  answerTo,
  CLIENT,
  CLIENT_HELLO,
  clientPacket,
  cookieFor,
  EARLY_NEGOTIATION_ID,
  makeContext,
  NOW_MS,
  outcomeOf,
  proofPacket,
  sessionIdOf,
  staticKeyProfile,
  wrappedKeyProfile,
} from '../testing/first-packets.ts'
import { answerInitialPacket } from './initial-packet.ts'
import type { ServerContext } from './server-context.ts'
import type { StaticKey } from './static-keys.ts'

const TCP = { ...ADDRESS, transport: 'tcp' } as const
const TENANT = '11111111-2222-4333-8444-555555555555'
const tlsCrypt = (): StaticKey => ({ tenantId: TENANT, mode: 'tls-crypt', key: suite.randomBytes(256) })
const tlsAuth = (digest: 'SHA256' | 'SHA1'): StaticKey => ({
  tenantId: TENANT,
  mode: 'tls-auth',
  digest,
  key: suite.randomBytes(256),
})

/** Every kind of profile with a server that knows it. */
const KINDS = (() => {
  const staticKeys = [tlsCrypt(), tlsAuth('SHA256'), tlsAuth('SHA1')]
  const context = (shared: Partial<ServerContext> = {}) =>
    makeContext({ staticKeys, tlsCryptV2ServerKey: serverKey, ...shared })
  const serverKey = suite.randomBytes(128)
  const [crypt, auth256, auth1] = staticKeys.map(staticKeyProfile)
  if (!crypt || !auth256 || !auth1) throw new RangeError('there are three static keys')
  return [
    ['tls-crypt-v2', wrappedKeyProfile(context()), context],
    ['tls-crypt-v2 of 2.5', wrappedKeyProfile(context(), 1), context],
    ['tls-crypt', crypt, context],
    ['tls-auth with SHA256', auth256, context],
    ['tls-auth with SHA1', auth1, context],
  ] as const
})()

describe('packets that are not answered', () => {
  const context = makeContext()
  const profile = wrappedKeyProfile(context)
  const otherKey = wrappedKeyProfile(makeContext())
  const reset = clientPacket(profile)
  const foreign = createClientKey(suite, context.tlsCryptV2ServerKey, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0))
  const cases: [string, Uint8Array][] = [
    ['too-short', reset.subarray(0, 36)],
    ['too-short', new Uint8Array(0)],
    ['bad-opcode', reset.with(0, 0x08)],
    ['bad-opcode', reset.with(0, 0xff)],
    ['unexpected', reset.with(0, 0x18)],
    ['unexpected', reset.with(0, 0x30)],
    ['unexpected', reset.with(0, 0x40)],
    ['unexpected', reset.with(0, 0x48)],
    ['bad-key-id', reset.with(0, 0x51)],
    ['bad-session-id', concatBytes([Uint8Array.of(0x50), new Uint8Array(8), reset.subarray(9)])],
    ['bad-wkc', clientPacket(profile, { wrappedKey: otherKey.wrappedKey })],
    ['bad-wkc', clientPacket(profile, { wrappedKey: foreign.wrappedKey })],
    ['bad-wkc', reset.subarray(0, -1)],
    ['bad-wkc', reset.with(-2, 0xff)],
    ['bad-wrap', reset.with(20, (reset[20] ?? 0) ^ 1)],
    ['bad-wrap', reset.with(1, 9)],
    ['malformed', clientPacket(profile, { body: Uint8Array.of(9, 0, 0, 0, 0) })],
    ['malformed', clientPacket(profile, { payload: new Uint8Array(60) })],
    ['bad-message-id', clientPacket(profile, { messageId: 1 })],
  ]
  it.each(cases)('drops: %s', (reason, bytes) => {
    expect(outcomeOf(context, bytes)).toBe(reason)
  })

  it('drops what needs a static key when there is none', () => {
    const [, tenant] = [0, staticKeyProfile(tlsCrypt())]
    expect(outcomeOf(context, clientPacket(tenant))).toBe('unexpected')
    expect(outcomeOf(context, proofPacket(tenant, CLIENT))).toBe('unexpected')
    expect(outcomeOf(context, ackPacket(tenant, CLIENT))).toBe('unexpected')
  })

  it('drops everything while the server has no key for cookies', () => {
    expect(outcomeOf({ ...context, cookieKeys: [] }, reset)).toBe('no-cookie-key')
  })

  it('drops a packet of a tenant beyond the number of keys that are tried', () => {
    const staticKeys = Array.from({ length: 65 }, tlsCrypt)
    const [second, last] = [staticKeys[63], staticKeys[64]].map((key) => key && staticKeyProfile(key))
    const crowded = makeContext({ staticKeys })
    expect(second && outcomeOf(crowded, clientPacket(second))).toBe('answer')
    expect(last && outcomeOf(crowded, clientPacket(last))).toBe('bad-wrap')
  })

  it.each(KINDS)('never throws on random bytes, behind any first byte: %s', (_, __, makeServer) => {
    const server = makeServer()
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 700 }), (first, rest) => {
        expect(['answer', 'create']).not.toContain(outcomeOf(server, concatBytes([Uint8Array.of(first), rest])))
      }),
    )
  })

  it.each(KINDS)('takes no changed bit of a reset, an ack or a third packet: %s', (_, client, makeServer) => {
    const server = makeServer()
    const cookie = cookieFor(server, client)
    const packets = [clientPacket(client, { sessionId: sessionIdOf(9, 9, 9, 9, 9, 9, 9, 9) })]
    packets.push(proofPacket(client, cookie), ackPacket(client, cookie))
    for (const packet of packets) {
      for (const [index, byte] of packet.entries()) {
        const outcome = outcomeOf(
          { ...server, limits: makeServer().limits },
          packet.with(index, byte ^ (1 << (index % 8))),
        )
        if (outcome === 'answer' || outcome === 'create') expect.unreachable(`took a change at ${String(index)}`)
      }
    }
  })
})

describe.each(KINDS)('the handshake with %s', (kind, profile, makeServer) => {
  it('answers the reset under the cookie and acknowledges it', () => {
    const answer = answerTo(makeServer(), clientPacket(profile))
    expect(parseControlHeader(answer)).toMatchObject({ opcode: OPCODE.hardResetServerV2, keyId: 0 })
    const opened = profile.mode.open(answer)
    const body = opened && parseControlBody(OPCODE.hardResetServerV2, opened.body)
    expect(opened?.replay.id).toBe(1)
    expect(body).toMatchObject({ acks: [0], messageId: 0 })
    expect(equalBytes(body?.remoteSessionId ?? new Uint8Array(0), CLIENT)).toBe(true)
    expect(parseResendWkc(body?.payload ?? new Uint8Array(0))).toBe(profile.firstReplayId === EARLY_NEGOTIATION_ID)
  })

  it('opens a session for the client hello and for the bare acknowledgement', () => {
    for (const makePacket of [proofPacket, ackPacket]) {
      const server = makeServer()
      const packet = makePacket(profile, cookieFor(server, profile))
      const result = answerInitialPacket(server, ADDRESS, packet, NOW_MS + 59_000)
      if (kind === 'tls-crypt-v2' && makePacket === ackPacket) {
        // Such a client always sends its key again.
        expect(result.type).toBe('drop')
        continue
      }
      if (result.type !== 'create') return expect.unreachable()
      expect(result.identity).toEqual(profile.identity)
      expect(result.session.identity).toEqual(profile.identity)
      const delivered = result.actions.filter(({ type }) => type === 'tls-deliver')
      expect(delivered).toEqual(
        makePacket === ackPacket ? [] : [{ type: 'tls-deliver', keyId: 0, bytes: CLIENT_HELLO }],
      )
      expect(result.session.owns(packet)).toBe(true)
      expect(result.session.owns(packet.with(1, 9))).toBe(false)
    }
  })

  it('goes on after the bare acknowledgement with the client hello', () => {
    const server = makeServer()
    const cookie = cookieFor(server, profile)
    const first = kind === 'tls-crypt-v2' ? proofPacket(profile, cookie) : ackPacket(profile, cookie)
    const result = answerInitialPacket(server, ADDRESS, first, NOW_MS)
    if (result.type !== 'create') return expect.unreachable()
    const replayId = profile.firstReplayId + 2
    const hello = proofPacket(profile, cookie, { replayId, ...(first.length > 0 && { acks: [0] }) })
    result.session.handle({ type: 'datagram', bytes: hello }, NOW_MS)
    expect(result.session.settle().some(({ type }) => type === 'send')).toBe(true)
  })

  it('continues the count and the time of the stateless answer, on any server and with any clock', () => {
    const [server, other] = [makeServer(), makeServer()]
    const shared = { ...other, cookieKeys: server.cookieKeys, wrappedKeys: server.wrappedKeys }
    const reset = clientPacket(profile)
    const answered = profile.mode.open(answerTo(server, reset))
    const proof = proofPacket(profile, cookieFor(makeServer(), profile), {
      remoteSessionId: sessionIdOf(...answerTo({ ...server, limits: other.limits }, reset).subarray(1, 9)),
    })
    const result = answerInitialPacket(shared, ADDRESS, proof, NOW_MS + 45_000)
    if (result.type !== 'create') return expect.unreachable()
    const send = result.session.settle().find((action) => action.type === 'send')
    const followed = profile.mode.open(send?.bytes ?? new Uint8Array(0))
    expect(followed?.replay.timeSeconds).toBe(answered?.replay.timeSeconds)
    expect(followed?.replay.id).toBeGreaterThan(answered?.replay.id ?? Infinity)
  })

  it('is refused with a wrong cookie, after its time, under other keys and from elsewhere', () => {
    const server = makeServer()
    const cookie = cookieFor(server, profile)
    const judge = (bytes: Uint8Array, remote = ADDRESS, nowMs = NOW_MS, context = server) =>
      outcomeOf(context, bytes, remote, nowMs)
    const proof = proofPacket(profile, cookie)
    const others = { ...server, cookieKeys: makeServer().cookieKeys }
    // A client that sends its key once is known at its own address only.
    const elsewhere = kind === 'tls-crypt-v2 of 2.5' ? 'bad-wrap' : 'bad-cookie'
    expect(judge(proofPacket(profile, CLIENT))).toBe('bad-cookie')
    expect(judge(proof, ADDRESS, NOW_MS, others)).toBe('bad-cookie')
    expect(judge(proof, { ...ADDRESS, port: 1 })).toBe(elsewhere)
    expect(judge(proof, { ...ADDRESS, address: '192.0.2.8' })).toBe(elsewhere)
    expect(judge(proof, { ...ADDRESS, localPort: 443 })).toBe(elsewhere)
    expect(judge(proof, TCP)).toBe(elsewhere)
    expect(judge(proof)).toBe('create')
    expect(judge(proof, ADDRESS, NOW_MS + 90_000)).toBe(elsewhere)
  })

  it('opens no ghost of an earlier session with later ids', () => {
    const server = makeServer()
    const cookie = cookieFor(server, profile)
    expect(outcomeOf(server, proofPacket(profile, cookie, { acks: [0, 1, 2] }))).toBe('bad-ack')
    expect(outcomeOf(server, proofPacket(profile, cookie, { messageId: 2 }))).toBe('bad-message-id')
    expect(outcomeOf(server, proofPacket(profile, cookie, { messageId: 0 }))).toBe('bad-message-id')
    if (kind !== 'tls-crypt-v2') expect(outcomeOf(server, ackPacket(profile, cookie, { acks: [2] }))).toBe('bad-ack')
  })

  it('works on a stream, where a second reset of the same client is not answered and no number is left out', () => {
    const server = makeServer()
    const answered = answerTo(server, clientPacket(profile), TCP)
    expect(outcomeOf(server, clientPacket(profile, { replayId: profile.firstReplayId + 1 }), TCP)).toBe('duplicate')
    const cookie = sessionIdOf(...answered.subarray(1, 9))
    const proof = proofPacket(profile, cookie, { replayId: profile.firstReplayId + 2 })
    const result = answerInitialPacket(server, TCP, proof, NOW_MS)
    if (result.type !== 'create') return expect.unreachable()
    const send = result.session.settle().find((action) => action.type === 'send')
    const followed = profile.mode.open(send?.bytes ?? new Uint8Array(0))
    expect(followed?.replay).toEqual({ ...profile.mode.open(answered)?.replay, id: 2 })
  })

  it('answers a repeated reset on UDP under the same cookie, with numbers that were not used before', () => {
    const server = makeServer()
    const ids: number[] = []
    for (let count = 0; count < 4; count++) {
      const reset = clientPacket(profile, { replayId: profile.firstReplayId + count })
      const result = answerInitialPacket(server, ADDRESS, reset, NOW_MS)
      if (result.type !== 'answer') return expect.unreachable()
      const answers = [result.bytes, ...result.again]
      expect(new Set(answers.map((bytes) => bytes.subarray(1, 9).toString())).size).toBe(1)
      ids.push(...answers.map((bytes) => profile.mode.open(bytes)?.replay.id ?? 0))
    }
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  })

  it('never throws, whatever number the packets have', () => {
    for (const replayId of [0, 1, 0xffffff, 0x1000000, 0x0f000000, 0x0fffffff, 0xffffffff]) {
      const server = makeServer()
      const timeSeconds = replayId === 1 ? 0xffffffff : 0
      outcomeOf(server, clientPacket(profile, { replayId, timeSeconds }))
      const proof = proofPacket(profile, cookieFor(server, profile, { ...ADDRESS, port: 7 }), { replayId, timeSeconds })
      expect(outcomeOf(server, proof, { ...ADDRESS, port: 7 })).toMatch(/create|bad-message-id/)
    }
  })
})

describe.each(KINDS.filter(([kind]) => kind !== 'tls-crypt-v2'))(
  'a lost acknowledgement with %s',
  (_, profile, makeServer) => {
    const hello = (replayId: number) => ({
      acks: [],
      remoteSessionId: undefined,
      payload: new Uint8Array(200),
      replayId,
    })

    it('is asked for again by another answer under the same cookie, once the first message comes without', () => {
      const server = makeServer()
      const cookie = cookieFor(server, profile)
      const again = answerInitialPacket(server, ADDRESS, proofPacket(profile, cookie, hello(3)), NOW_MS + 40_000)
      if (again.type !== 'answer') return expect.unreachable()
      expect(sessionIdOf(...again.bytes.subarray(1, 9))).toEqual(cookie)
      expect(again.again).toHaveLength(2)
      expect(profile.mode.open(again.bytes)?.replay.id).toBeGreaterThan(1)
      expect(outcomeOf(server, ackPacket(profile, cookie, { replayId: 4 }), ADDRESS, NOW_MS + 41_000)).toBe('create')
    })

    it('is not asked for when no answer went there, with a later message, or when the answer were longer', () => {
      const server = makeServer()
      const cookie = cookieFor(server, profile)
      const other = makeServer({ cookieKeys: server.cookieKeys, wrappedKeys: server.wrappedKeys })
      expect(outcomeOf(other, proofPacket(profile, cookie, hello(3)))).toBe('bad-cookie')
      expect(outcomeOf(server, proofPacket(profile, cookie, { ...hello(4), messageId: 2 }))).toBe('bad-cookie')
      const short = proofPacket(profile, cookie, { ...hello(5), payload: new Uint8Array(5) })
      expect(outcomeOf(server, short)).toMatch(/bad-cookie|malformed/)
      expect(outcomeOf(server, proofPacket(profile, cookie, hello(6)))).toBe('answer')
    })
  },
)

describe('what strangers can make the server send', () => {
  it('is shorter than the question for a client that can send its key again', () => {
    const server = makeServer('tls-crypt-v2')
    for (const replayId of [EARLY_NEGOTIATION_ID, EARLY_NEGOTIATION_ID + 1]) {
      const reset = clientPacket(server.profile, { replayId })
      const result = answerInitialPacket(server.context, ADDRESS, reset, NOW_MS)
      if (result.type !== 'answer') return expect.unreachable()
      const answers = [result.bytes, ...result.again]
      expect(answers).toHaveLength(replayId === EARLY_NEGOTIATION_ID ? 1 : 3)
      expect(concatBytes(answers).length).toBeLessThan(reset.length)
    }
  })

  it.each(['tls-crypt', 'tls-auth with SHA256', 'tls-auth with SHA1', 'tls-crypt-v2 of 2.5'])(
    'is nothing when a recorded reset comes again, from wherever: %s',
    (kind) => {
      const { context, profile } = makeServer(kind)
      const recorded = clientPacket(profile)
      expect(outcomeOf(context, recorded)).toBe('answer')
      expect(outcomeOf(context, recorded)).toBe('replayed-reset')
      expect(outcomeOf(context, recorded, { ...ADDRESS, address: '198.51.100.1' }, NOW_MS + 9 * 60_000)).toBe(
        'replayed-reset',
      )
    },
  )

  it('is next to nothing when recordings of another time come, and nothing else suffers from it', () => {
    const { context, profile } = makeServer('tls-crypt')
    const outcomes = Array.from({ length: 100 }, (_, index) =>
      outcomeOf(context, clientPacket(profile, { replayId: index + 1, timeSeconds: 1_600_000_000 })),
    )
    expect(outcomes.filter((outcome) => outcome === 'answer')).toHaveLength(20)
    expect(outcomeOf(context, clientPacket(profile, { replayId: 200 }))).toBe('answer')
  })

  function makeServer(kind: string) {
    const found = KINDS.find(([name]) => name === kind)
    if (found === undefined) throw new RangeError(`no profile of ${kind}`)
    return { profile: found[1], context: found[2]() }
  }
})
