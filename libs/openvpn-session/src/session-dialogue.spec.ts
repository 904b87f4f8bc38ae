import { describe, expect, it } from 'vitest'

import type { PendingAuthentication, Refusal } from './actions.ts'
import { ALLOW, makeScene, PEER_INFO_26, type Scene, type SceneOptions } from './testing/scene.ts'

const SSO_26 = `${PEER_INFO_26}IV_GUI_VER=OpenVPN_GUI_11.47.0.0\nIV_SSO=openurl,webauth,crtext\n`
const V3 = 'IV_VER=3.8.1\nIV_PROTO=990\nIV_MTU=1600\nIV_CIPHERS=AES-256-GCM\nIV_SSO=webauth,crtext\n'
const TEXT: PendingAuthentication = { timeoutSeconds: 120, method: { kind: 'text', prompt: 'Code', echo: true } }
const WEB: PendingAuthentication = {
  timeoutSeconds: 120,
  method: { kind: 'web', url: 'https://portal.example/connect/abc' },
}
const ANSWER = 'CR_RESPONSE,MTIzNDU2'

/** A scene in which the decision waits for the user. */
function asked(pending: PendingAuthentication, options: SceneOptions = {}): Scene {
  const scene = makeScene({ peerInfo: SSO_26, decide: () => ({ type: 'pending', pending }), ...options })
  scene.connect()
  return scene
}
const allow = ({ server }: Scene): void => {
  const decision = server.of('authenticate').map(({ request }) => ALLOW(request))[0]
  if (decision?.type !== 'allowed') return expect.unreachable()
  server.input({ ...decision, keyId: 0 })
}
const drops = ({ server }: Scene): string[] => server.of('drop').map(({ reason }) => reason)
const codes = ({ server }: Scene): string[] => server.of('refused').map(({ refusal }) => refusal.code)

describe('what a client can do in the middle of connecting', () => {
  it.each([
    ['2.6 with a user interface', SSO_26, ['dynamic-challenge', 'text', 'web']],
    ['2.6 without', PEER_INFO_26, []],
    ['openvpn3', V3, ['dynamic-challenge', 'text', 'web']],
  ])('goes with the question about it: %s', (_, peerInfo, dialogues) => {
    const scene = makeScene({ peerInfo })
    scene.connect()
    expect(scene.server.of('authenticate')[0]?.request.dialogues).toEqual(dialogues)
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    expect(scene.server.of('authenticate')[1]?.request.dialogues).toEqual([])
  })
})

describe('a text that is asked for while the client waits', () => {
  it('reaches the client when it can hear it, one message in a record, and its answer the host', () => {
    const scene = asked(TEXT)
    const { server, client, simulation } = scene
    expect(client.messages).toEqual(['AUTH_PENDING,timeout 120', 'INFO_PRE,CR_TEXT:R,E:Code'])
    expect(client.violations).toEqual([])
    client.say('PUSH_REQUEST')
    client.say(ANSWER)
    simulation.pass(500)
    expect(server.of('challenge-response')).toEqual([{ type: 'challenge-response', keyId: 0, response: '123456' }])
    expect(server.of('connected')).toEqual([])
    allow(scene)
    simulation.pass(500)
    expect(server.of('connected')).toHaveLength(1)
    expect(client.pushed).toContain('topology subnet')
  })

  it('is said no sooner than the client acknowledged key method 2', () => {
    const scene = makeScene({
      peerInfo: SSO_26,
      decide: () => {
        scene.client.vanish()
        return { type: 'pending', pending: TEXT }
      },
    })
    scene.connect()
    scene.simulation.pass(30_000)
    expect(scene.server.of('authenticate')).toHaveLength(1)
    expect(scene.server.of('tls-write')).toHaveLength(1)
  })

  it('is answered once for each time it is asked', () => {
    const scene = asked(TEXT)
    const { server, client, simulation } = scene
    client.say(ANSWER)
    client.say(ANSWER)
    simulation.pass(500)
    expect(server.of('challenge-response')).toHaveLength(1)
    expect(drops(scene)).toEqual(['unexpected'])
    server.input({ type: 'pending', keyId: 0, pending: TEXT })
    client.say(ANSWER)
    simulation.pass(500)
    expect(server.of('challenge-response')).toHaveLength(2)
  })

  it('announces a second wait only to clients that take it twice', () => {
    const heads = [SSO_26, V3].map((peerInfo) => {
      const scene = asked(TEXT, { peerInfo })
      scene.server.input({ type: 'pending', keyId: 0, pending: TEXT })
      scene.simulation.pass(500)
      return scene.client.messages.map((message) => message.split(',')[0])
    })
    expect(heads).toEqual([
      ['AUTH_PENDING', 'INFO_PRE', 'AUTH_PENDING', 'INFO_PRE'],
      ['AUTH_PENDING', 'INFO_PRE', 'INFO_PRE'],
    ])
  })

  it('has no answer before it was asked, after the decision, or while a web page was asked for', () => {
    const scenes = [makeScene({ peerInfo: SSO_26, decide: () => undefined }), makeScene({ peerInfo: SSO_26 })]
    for (const scene of scenes) scene.connect()
    for (const scene of [...scenes, asked(WEB)]) {
      scene.client.say(ANSWER)
      scene.simulation.pass(500)
      expect(scene.server.of('challenge-response')).toEqual([])
      expect(drops(scene)).toEqual(['unexpected'])
    }
  })

  it.each(['CR_RESPONSE,%%%', 'CR_RESPONSE', `CR_RESPONSE,${'QUFB'.repeat(87)}`])(
    'is not answered by %j',
    (message) => {
      const scene = asked(TEXT)
      scene.client.say(message)
      scene.simulation.pass(500)
      expect(drops(scene)).toEqual(['bad-control-message'])
    },
  )
})

describe('a web page that the user is sent to while the client waits', () => {
  it.each([
    ['webauth', 'webauth,crtext', 'INFO_PRE,WEB_AUTH::https://portal.example/connect/abc'],
    ['openurl', 'openurl', 'INFO_PRE,OPEN_URL:https://portal.example/connect/abc'],
  ])('is named as the client announced: %s', (_, announced, message) => {
    const { client } = asked(WEB, { peerInfo: `${PEER_INFO_26}IV_SSO=${announced}\n` })
    expect(client.messages.at(-1)).toBe(message)
  })

  it('is announced without a time to clients that know none', () => {
    const peerInfo = `${PEER_INFO_26.replace('990', '974')}IV_SSO=webauth\n`
    expect(asked(WEB, { peerInfo }).client.messages[0]).toBe('AUTH_PENDING')
  })
})

describe('a question that a client cannot be asked', () => {
  it.each<[string, PendingAuthentication, string]>([
    ['a text without crtext', TEXT, PEER_INFO_26],
    ['a page without webauth', WEB, `${PEER_INFO_26}IV_SSO=crtext\n`],
    ['anything of 2.4', TEXT, SSO_26.replace('2.6.14', '2.4.12')],
    ['a page with an address that is none', { ...WEB, method: { kind: 'web', url: 'https://a b' } }, SSO_26],
    ['a page with an endless address', { ...WEB, method: { kind: 'web', url: `https://${'a'.repeat(900)}` } }, SSO_26],
  ])('ends with a refusal that says so: %s', (_, pending, peerInfo) => {
    const scene = asked(pending, { peerInfo })
    expect(codes(scene)).toEqual(['no-dialogue'])
    expect(scene.client.messages).toEqual(['AUTH_FAILED,This client cannot ask for the second step of the sign-in'])
  })

  it('is dropped in a renegotiation and after the decision', () => {
    const scene = makeScene({ peerInfo: SSO_26 })
    scene.connect()
    scene.server.input({ type: 'pending', keyId: 0, pending: TEXT })
    scene.server.decide = () => ({ type: 'pending', pending: TEXT })
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    expect(drops(scene)).toEqual(['unexpected', 'unexpected'])
    expect(scene.client.messages.filter((message) => !message.startsWith('PUSH_REPLY'))).toEqual([])
  })
})

describe('the time of an answer', () => {
  it('moves the end of the handshake, and a client that waits in vain is told before its own limit', () => {
    const scene = asked(TEXT)
    scene.simulation.pass(113_000)
    expect(scene.server.of('ended')).toEqual([])
    scene.simulation.pass(2_000)
    expect(codes(scene)).toEqual(['sign-in-timeout'])
    expect(scene.client.messages.at(-1)).toBe('AUTH_FAILED,The sign-in took too long: connect again')
    expect(scene.server.of('ended')).toEqual([{ type: 'ended', reason: 'refused' }])
    scene.simulation.pass(6_000)
    expect(scene.server.of('closed')).toHaveLength(1)
  })

  it.each([
    [1, 'timeout 60'],
    [Number.NaN, 'timeout 60'],
    [86_400, 'timeout 1800'],
  ])('is never less than a minute nor more than clients give: %d', (timeoutSeconds, expected) => {
    expect(asked({ ...TEXT, timeoutSeconds }).client.messages[0]).toBe(`AUTH_PENDING,${expected}`)
  })
})

describe('AUTH_FAILED', () => {
  const challenge = { stateId: 'abc_1', username: 'ada', prompt: 'Code, please', echo: false }
  const refused = (refusal: Partial<Refusal>, peerInfo: string): string | undefined => {
    const full = { code: 'second-factor', message: 'A code is needed', ...refusal }
    const scene = makeScene({ peerInfo, decide: () => ({ type: 'refused', refusal: full }) })
    scene.connect()
    expect(scene.client.messages).toHaveLength(1)
    return scene.client.messages[0]
  }

  it('carries a challenge to clients that can come back with the answer', () => {
    const message = 'AUTH_FAILED,CRV1:R:abc_1:YWRh:Code, please'
    expect(refused({ challenge }, SSO_26)).toBe(message)
    expect(refused({ challenge }, V3)).toBe(message)
    expect(refused({ challenge: { ...challenge, echo: true } }, V3)).toMatch(/^AUTH_FAILED,CRV1:R,E:abc_1:/)
    expect(refused({ challenge }, PEER_INFO_26)).toBe('AUTH_FAILED,A code is needed')
    expect(refused({ challenge: { ...challenge, stateId: 'a:b' } }, V3)).toBe('AUTH_FAILED,A code is needed')
  })

  it('carries no challenge in a renegotiation', () => {
    const refusal = { code: 'second-factor', message: 'A code is needed', challenge }
    const scene = makeScene({
      peerInfo: V3,
      decide: (request) => (request.phase === 'initial' ? ALLOW(request) : { type: 'refused', refusal }),
    })
    scene.connect()
    scene.client.renegotiate()
    scene.simulation.pass(1_000)
    expect(scene.client.messages.at(-1)).toBe('AUTH_FAILED,A code is needed')
  })

  it('says that a session token has run out', () => {
    const sessionExpired = true
    const message = 'AUTH_FAILED,SESSION: A code is needed'
    expect(refused({ sessionExpired }, PEER_INFO_26)).toBe(message)
    expect(refused({ sessionExpired, temporary: { backoffSeconds: 3 } }, V3)).toBe(message)
  })

  it('says when to come back and where, to clients that understand it', () => {
    const temporary = { backoffSeconds: 1.5, advance: 'remote' } as const
    expect(refused({ temporary }, V3)).toBe('AUTH_FAILED,TEMP[backoff 2,advance remote]:A code is needed')
    expect(refused({ temporary: { ...temporary, advance: 'no' } }, V3)).toContain('[backoff 2,advance no]')
    expect(refused({ temporary }, V3.replace('990', '734'))).toBe('AUTH_FAILED,A code is needed')
  })
})

describe('credentials are given on as they are', () => {
  it.each([
    ['a static challenge', 'SCRV1:Y3Bhc3N3b3Jk:MTIzNDU2', 'ada'],
    ['an answer to a dynamic challenge', 'CRV1::abc_1::123456', 'ada'],
    ['a password with a code behind it', 'secret123456', 'ada'],
    ['a session token without a user name, as openvpn3 has it after an import', 'SESS_ID_AT_AAAA', ''],
  ])('%s', (_, password, username) => {
    const { server, connect } = makeScene({ password, username, peerInfo: V3 })
    connect()
    expect(server.of('authenticate')[0]?.request).toMatchObject({ username, password })
    expect(server.of('connected')).toHaveLength(1)
  })
})
