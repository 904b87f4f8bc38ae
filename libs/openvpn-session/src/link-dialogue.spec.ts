import { describe, expect, it } from 'vitest'

import type { Refusal, SessionInput } from './actions.ts'
import type { ClientOutcome } from './client/client-actions.ts'
import type { ClientLine } from './client/client-behaviour.ts'
import { ALLOW, GRANT, makeScene, type Scene, type SceneOptions } from './testing/scene.ts'

const GUI_26 =
  'IV_VER=2.6.14\nIV_PLAT=win\nIV_GUI_VER=OpenVPN_GUI_11.47\nIV_MTU=1600\nIV_CIPHERS=AES-256-GCM\nIV_PROTO=990\nIV_SSO=openurl,webauth,crtext\n'

function connect(options: SceneOptions): Scene {
  const scene = makeScene(options)
  scene.connect()
  scene.simulation.pass(2_000)
  expect(scene.client.violations).toEqual([])
  return scene
}
const refusedBy = (refusal: Refusal, options: SceneOptions): Scene =>
  connect({ decide: () => ({ type: 'refused', refusal }), ...options })
const outcomeOf = ({ client }: Scene): ClientOutcome | undefined => client.of('ended')[0]?.outcome

describe('a dynamic challenge', () => {
  const challenge = { stateId: 'state-1', username: 'ada', prompt: 'Code from the app', echo: false }
  const refusal: Refusal = { code: 'code-needed', message: 'Code from the app', challenge }

  it.each(['v3', 'v3 3.7'] as const)('is answered with the next connection, %s', (line) => {
    const scene = refusedBy(refusal, { line })
    expect(outcomeOf(scene)).toMatchObject({ reason: 'refused', challenge: { ...challenge, responseRequired: true } })
    scene.client.credentials.answerChallenge('123456')
    scene.server.decide = ALLOW
    const again = scene.restart(scene.client.credentials)
    again.connect()
    scene.simulation.pass(3_000)
    expect(scene.server.of('authenticate').at(-1)?.request).toMatchObject({
      username: 'ada',
      password: 'CRV1::state-1::123456',
    })
    expect(again.of('connected')).toHaveLength(1)
    expect(again.credentials.passwordField).toBe('SESS_ID_AT_first')
  })

  it('is only a refusal to a client that has nobody to ask', () => {
    expect(outcomeOf(refusedBy(refusal, { line: '2.6' }))).toMatchObject({
      reason: 'refused',
      message: 'Code from the app',
      challenge: undefined,
    })
  })
})

describe('an authentication that waits for its user', () => {
  const waiting = (method: Extract<SessionInput, { type: 'pending' }>['pending']['method'], options: SceneOptions) => {
    const scene = makeScene(options)
    scene.server.decide = () => undefined
    scene.connect()
    scene.simulation.pass(2_000)
    scene.server.input({ type: 'pending', keyId: 0, pending: { timeoutSeconds: 180, method } })
    scene.simulation.pass(1_000)
    expect(scene.client.violations).toEqual([])
    return scene
  }
  const text = { kind: 'text', prompt: 'Your code?', echo: true } as const

  it.each([
    ['2.6', GUI_26],
    ['v3', undefined],
  ] as const)('asks for a text and passes the answer on, %s', (line, peerInfo) => {
    const scene = waiting(text, { line, ...(peerInfo === undefined ? {} : { peerInfo }) })
    const [wait, question] = scene.client.of('pending')
    expect(wait?.timeoutSeconds).toBeGreaterThanOrEqual(180)
    expect(question?.dialogue).toEqual(text)
    scene.simulation.pass(100_000)
    expect(scene.client.of('ended')).toEqual([])
    scene.client.input({ type: 'respond', response: 'größe 7' })
    scene.simulation.pass(1_000)
    expect(scene.server.of('challenge-response')).toEqual([
      { type: 'challenge-response', keyId: 0, response: 'größe 7' },
    ])
    scene.server.input({ type: 'allowed', keyId: 0, grant: GRANT })
    scene.simulation.pass(10_000)
    expect(scene.client.of('connected')).toHaveLength(1)
  })

  it('sends to a page', () => {
    const url = 'https://auth.example/connect/abc'
    const scene = waiting({ kind: 'web', url }, { line: 'v3' })
    expect(scene.client.of('pending').at(-1)?.dialogue).toEqual({ kind: 'web', url })
  })

  it('ends on both sides when its time is up', () => {
    const scene = waiting(text, { line: 'v3' })
    scene.simulation.pass(200_000)
    expect(outcomeOf(scene)?.reason).toMatch(/^(handshake-timeout|refused)$/)
    expect(scene.server.of('ended')).toHaveLength(1)
  })
})

describe('a refusal', () => {
  const later: Refusal = {
    code: 'pool-full',
    message: 'No address is free',
    temporary: { backoffSeconds: 30, advance: 'remote' },
  }
  it.each(['2.6', '2.7', 'v3'] as const)('that is temporary says when and where to come again, %s', (line) => {
    const scene = refusedBy(later, { line })
    expect(outcomeOf(scene)).toEqual({
      reason: 'refused',
      message: 'No address is free',
      sessionExpired: false,
      temporary: { backoffSeconds: 30, advance: 'remote' },
      challenge: undefined,
    })
  })

  it.each(['2.4', '2.5'] as const)(
    'that is temporary is for good to a client that does not know the word, %s',
    (line) => {
      expect(outcomeOf(refusedBy(later, { line }))).toMatchObject({
        message: 'No address is free',
        temporary: undefined,
      })
    },
  )

  it('of a token that has run out says so', () => {
    const scene = refusedBy({ code: 'token-expired', message: 'Sign in again', sessionExpired: true }, { line: 'v3' })
    expect(outcomeOf(scene)).toMatchObject({ reason: 'refused', sessionExpired: true })
  })
})

describe('a restart', () => {
  const restarted = (line: ClientLine, advance?: boolean): Scene => {
    const scene = connect({ line })
    scene.server.input({
      type: 'end',
      how: 'restart',
      reason: 'maintenance',
      ...(advance === undefined ? {} : { advance }),
    })
    scene.simulation.pass(1_000)
    expect(scene.client.violations).toEqual([])
    return scene
  }
  it.each(['2.4', '2.5', '2.6', '2.7', 'v3 3.7', 'v3'] as const)(
    'keeps the session token of every client, %s',
    (line) => {
      const scene = restarted(line)
      expect(outcomeOf(scene)).toMatchObject({ reason: 'restart', preserve: true, message: 'maintenance' })
      expect(scene.client.credentials.token).toBe('SESS_ID_AT_first')
      expect(scene.client.of('closed')).toHaveLength(1)
    },
  )

  it('sends those that understand it to the next server', () => {
    expect(outcomeOf(restarted('2.6', true))).toMatchObject({ preserve: true, nextRemote: true })
    expect(outcomeOf(restarted('v3', true))).toMatchObject({ preserve: true, nextRemote: false })
  })
})

describe('other messages', () => {
  it.each(['2.4', '2.6', 'v3'] as const)('HALT ends the connection for good, %s', (line) => {
    const scene = connect({ line })
    scene.server.input({ type: 'end', how: 'halt', reason: 'removed' })
    scene.simulation.pass(1_000)
    expect(outcomeOf(scene)).toEqual({ reason: 'halt', message: 'removed' })
  })

  it.each(['2.4', '2.6', 'v3'] as const)('an exit makes every client connect anew, %s', (line) => {
    const scene = connect({ line })
    scene.server.input({ type: 'end', how: 'exit', reason: 'over' })
    scene.simulation.pass(1_000)
    expect(outcomeOf(scene)?.reason).toMatch(/^(server-exit|restart)$/)
  })

  it.each(['2.6', '2.7', 'v3'] as const)('a client that leaves says so, and both sides end at once, %s', (line) => {
    const scene = connect({ line })
    scene.client.input({ type: 'leave' })
    scene.simulation.pass(1_000)
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'client-exit' }])
    scene.simulation.pass(3_000)
    expect(scene.client.of('closed')).toHaveLength(1)
  })

  it('a client that cannot say it just goes', () => {
    const scene = connect({ line: '2.5' })
    scene.client.input({ type: 'leave' })
    expect(scene.client.of('closed')).toHaveLength(1)
  })
})

describe('a changed configuration', () => {
  const changed = { ...GRANT.configuration, routes: ['10.30.0.0/16', '10.31.0.0/16'] }
  it.each(['2.7', 'v3'] as const)('reaches a client that takes updates, %s', (line) => {
    const scene = connect({ line })
    scene.server.input({ type: 'push-update', configuration: changed })
    scene.simulation.pass(1_000)
    expect(scene.client.violations).toEqual([])
    const [updated] = scene.client.of('updated')
    const routes = updated?.options.filter((option) => option.startsWith('route '))
    expect(routes).toEqual(['route 10.30.0.0 255.255.0.0', 'route 10.31.0.0 255.255.0.0'])
    expect(scene.client.session.configuration?.options).toEqual(updated?.options)
    scene.server.input({ type: 'push-update', configuration: GRANT.configuration })
    scene.simulation.pass(1_000)
    expect(
      scene.client
        .of('updated')
        .at(-1)
        ?.options.some((option) => option.startsWith('route ')),
    ).toBe(false)
  })

  it('reaches it whole when it takes several messages', () => {
    const routes = Array.from({ length: 120 }, (_, index) => `10.${String(index)}.0.0/16`)
    const scene = connect({ line: '2.7' })
    scene.server.input({ type: 'push-update', configuration: { ...GRANT.configuration, routes } })
    scene.simulation.pass(2_000)
    expect(scene.client.violations).toEqual([])
    const options = scene.client.session.configuration?.options ?? []
    expect(options.filter((option) => option.startsWith('route '))).toHaveLength(120)
  })

  it('is reported as not told for a client that takes none', () => {
    const scene = connect({ line: '2.6' })
    scene.server.input({ type: 'push-update', configuration: changed })
    expect(scene.server.of('not-updated')).toHaveLength(1)
  })
})
