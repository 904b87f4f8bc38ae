import { describe, expect, it } from 'vitest'

import type { KeyId } from './index.ts'
import { GRANT, makeScene, type Scene } from './testing/scene.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A connected scene whose every grant is `GRANT` with these changes. */
function connected(changes: Partial<typeof GRANT>): Scene {
  const grant = { ...GRANT, ...changes }
  const scene = makeScene({ decide: () => ({ type: 'allowed', grant }) })
  scene.connect()
  return scene
}

const started = ({ server }: Scene): KeyId[] => server.of('tls-start').map(({ keyId }) => keyId)
const installed = ({ server }: Scene): KeyId[] => server.of('install-keys').map(({ keyId }) => keyId)

describe('a key near its limit', () => {
  it('is renewed again after a renegotiation that the client never answered, however often', () => {
    const scene = connected({})
    scene.client.vanish()
    scene.server.input({ type: 'key-limit', keyId: 0 })
    expect(started(scene)).toEqual([0, 1])
    scene.simulation.pass(MINUTE_MS - 1)
    expect(started(scene)).toEqual([0, 1])
    scene.simulation.pass(4 * MINUTE_MS)
    expect(started(scene)).toEqual([0, 1, 1, 1, 1, 1])
    expect(scene.server.of('ended')).toEqual([])
  })

  it('is renewed after a renegotiation of the client during which the limit came and which failed', () => {
    const scene = connected({})
    scene.client.renegotiate()
    scene.client.vanish()
    scene.simulation.pass(MINUTE_MS / 2)
    scene.server.input({ type: 'key-limit', keyId: 0 })
    expect(started(scene)).toEqual([0, 1])
    scene.simulation.pass(MINUTE_MS / 2 + 1_000)
    expect(started(scene)).toEqual([0, 1, 2])
  })

  it('asks for no more once another key is the current one', () => {
    const scene = connected({})
    const { weather } = scene
    scene.weather = { ...weather, loss: 1 }
    scene.server.input({ type: 'key-limit', keyId: 0 })
    scene.simulation.pass(MINUTE_MS)
    scene.weather = weather
    scene.simulation.pass(5 * MINUTE_MS)
    expect(installed(scene)).toEqual([0, 1])
    scene.simulation.pass(HOUR_MS)
    expect(started(scene)).toEqual([0, 1, 1])
    scene.server.input({ type: 'key-limit', keyId: 1 })
    expect(started(scene)).toEqual([0, 1, 1, 2])
  })
})

describe('a key whose time is up', () => {
  it('is renewed by the server when the client has no renegotiation of its own, and authorised each time', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    scene.simulation.pass(HOUR_MS - 2_000)
    expect(started(scene)).toEqual([0])
    scene.simulation.pass(4_000)
    expect(installed(scene)).toEqual([0, 1])
    scene.simulation.pass(2 * HOUR_MS)
    expect(installed(scene)).toEqual([0, 1, 2, 3])
    expect(scene.server.of('authenticate').map(({ request }) => request.phase)).toEqual([
      'initial',
      'renegotiation',
      'renegotiation',
      'renegotiation',
    ])
    expect(scene.client.violations).toEqual([])
    expect(scene.server.of('ended')).toEqual([])
  })

  it('counts anew from the renegotiation of a client that has its own', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    for (let round = 0; round < 4; round++) {
      scene.simulation.pass(HOUR_MS - MINUTE_MS)
      scene.client.renegotiate()
    }
    scene.simulation.pass(HOUR_MS - MINUTE_MS)
    expect(started(scene)).toEqual([0, 1, 2, 3, 4])
    scene.simulation.pass(2 * MINUTE_MS)
    expect(started(scene)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('comes neither sooner nor later because a renegotiation of the client failed before', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    scene.server.decide = () => undefined
    scene.client.renegotiate()
    scene.simulation.pass(HOUR_MS - 2_000)
    expect(started(scene)).toEqual([0, 1])
    scene.simulation.pass(2_000)
    expect(started(scene)).toEqual([0, 1, 2])
  })

  it('takes the time of the newest grant for the next key', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    scene.server.decide = () => ({ type: 'allowed', grant: { ...GRANT, renegotiateAfterMs: undefined } })
    scene.simulation.pass(24 * HOUR_MS)
    expect(installed(scene)).toEqual([0, 1])
  })

  it('ends the connection when the client ignores three resets, a minute each, and tells it on the key in use', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    scene.client.vanish()
    scene.simulation.pass(HOUR_MS + 3 * MINUTE_MS - 2_000)
    expect(started(scene)).toEqual([0, 1, 1, 1])
    expect(scene.server.of('ended')).toEqual([])
    const written = scene.server.of('tls-write').length
    scene.simulation.pass(2_000)
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'renegotiation-failed' }])
    const [farewell, ...more] = scene.server.of('tls-write').slice(written)
    expect(farewell?.keyId).toBe(0)
    expect(new TextDecoder().decode(farewell?.bytes)).toMatch(/^RESTART,\[P\]:/)
    expect(more).toEqual([])
    scene.simulation.pass(MINUTE_MS)
    expect(started(scene)).toEqual([0, 1, 1, 1])
    expect(scene.server.of('closed')).toHaveLength(1)
  })

  it('is not saved by renegotiations that the client begins and leaves unfinished', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    scene.server.decide = () => undefined
    for (let half = 0; half < 2 * 70; half++) {
      scene.client.renegotiate()
      scene.simulation.pass(MINUTE_MS / 2)
    }
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'renegotiation-failed' }])
    expect(installed(scene)).toEqual([0])
  })

  it('forgets failures when a renegotiation succeeds', () => {
    const scene = connected({ renegotiateAfterMs: HOUR_MS })
    const allow = scene.server.decide
    let attempts = 0
    const tooLate = (): void => {
      const keyId = scene.server.of('authenticate').at(-1)?.keyId ?? 0
      scene.simulation.schedule(scene.simulation.nowMs + 2 * MINUTE_MS, () => {
        scene.server.input({ type: 'refused', keyId, refusal: { code: 'late', message: 'Too late' } })
      })
    }
    scene.server.decide = (request) => {
      if (++attempts % 3 === 0) return allow(request)
      tooLate()
      return undefined
    }
    scene.simulation.pass(4 * HOUR_MS)
    expect(installed(scene)).toEqual([0, 3, 6, 2])
    expect(scene.server.of('ended')).toEqual([])
  })
})

describe('a session that ends at a time', () => {
  const endsAfter = (scene: Scene, durationMs: number): number => scene.simulation.nowMs + durationMs

  it('sends the client to sign in again, once, although nothing else happens', () => {
    const scene = makeScene({
      decide: () => ({ type: 'allowed', grant: { ...GRANT, endsAtMs: endsAfter(scene, HOUR_MS) } }),
    })
    scene.connect()
    scene.simulation.pass(HOUR_MS - 2_000)
    expect(scene.server.of('ended')).toEqual([])
    scene.simulation.pass(2_000)
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'ordered' }])
    expect(scene.client.messages.at(-1)).toBe('AUTH_FAILED,The session has ended: sign in again')
    scene.simulation.pass(MINUTE_MS)
    expect(scene.server.of('ended')).toHaveLength(1)
    expect(scene.server.of('closed')).toHaveLength(1)
  })

  it('ends at the time of the newest grant', () => {
    const scene = makeScene({
      decide: () => ({ type: 'allowed', grant: { ...GRANT, endsAtMs: endsAfter(scene, HOUR_MS) } }),
    })
    scene.connect()
    scene.simulation.pass(HOUR_MS / 2)
    scene.client.renegotiate()
    scene.simulation.pass(HOUR_MS - MINUTE_MS)
    expect(scene.server.of('ended')).toEqual([])
    scene.simulation.pass(2 * MINUTE_MS)
    expect(scene.server.of('ended')).toHaveLength(1)
  })

  describe('that is moved', () => {
    const connectedUntil = (durationMs: number): Scene => {
      const scene = makeScene({
        decide: () => ({
          type: 'allowed',
          grant: { ...GRANT, authToken: 'SESS_ID_AT_later', endsAtMs: endsAfter(scene, durationMs) },
        }),
      })
      scene.connect()
      return scene
    }

    it('ends then, whether sooner or later than its grant said', () => {
      for (const movedMs of [HOUR_MS / 2, 2 * HOUR_MS]) {
        const scene = connectedUntil(HOUR_MS)
        scene.server.input({ type: 'ends-at', endsAtMs: endsAfter(scene, movedMs), renew: false })
        scene.simulation.pass(movedMs - 2_000)
        expect(scene.server.of('ended')).toEqual([])
        scene.simulation.pass(2_000)
        expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'ordered' }])
        expect(started(scene)).toEqual([0])
      }
    })

    it('gives its client a new token at once, and the next key counts from there', () => {
      const scene = connectedUntil(HOUR_MS)
      scene.simulation.pass(MINUTE_MS)
      scene.server.input({ type: 'ends-at', endsAtMs: endsAfter(scene, 2 * HOUR_MS), renew: true })
      scene.simulation.pass(2_000)
      expect(installed(scene)).toEqual([0, 1])
      expect(scene.client.messages.at(-1)).toBe('PUSH_REPLY,auth-token SESS_ID_AT_later')
      scene.simulation.pass(MINUTE_MS)
      expect(installed(scene)).toEqual([0, 1])
    })

    it('makes no keys faster than a client may, however often it is moved', () => {
      const scene = connectedUntil(HOUR_MS)
      for (let round = 0; round < 40; round++) {
        scene.server.input({ type: 'ends-at', endsAtMs: endsAfter(scene, HOUR_MS), renew: true })
        scene.simulation.pass(500)
      }
      // In twenty seconds; the first waits too.
      expect(started(scene).length).toBeGreaterThanOrEqual(3)
      expect(started(scene).length).toBeLessThanOrEqual(5)
    })

    it('stays over once it has ended', () => {
      const scene = connectedUntil(MINUTE_MS)
      scene.simulation.pass(MINUTE_MS + 1_000)
      scene.server.input({ type: 'ends-at', endsAtMs: endsAfter(scene, HOUR_MS), renew: true })
      scene.simulation.pass(MINUTE_MS)
      expect(scene.server.of('ended')).toHaveLength(1)
      expect(scene.server.of('closed')).toHaveLength(1)
      expect(started(scene)).toEqual([0])
    })
  })
})
