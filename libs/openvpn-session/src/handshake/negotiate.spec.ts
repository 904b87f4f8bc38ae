import { parsePeerInfo } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import { GRANT, OPTIONS_26 } from '../testing/scene.ts'
import { negotiateTerms, type Negotiation, pushedOptions, type SessionTerms } from './negotiate.ts'

const CIPHERS = 'IV_CIPHERS=AES-256-GCM:AES-128-GCM\n'
const negotiate = (text: string, options = OPTIONS_26): Negotiation => negotiateTerms(parsePeerInfo(text), options)

function terms(text: string, options?: string): SessionTerms {
  const negotiation = negotiate(text, options)
  if (negotiation.type === 'refused') throw new RangeError(negotiation.refusal.code)
  return negotiation.terms
}

/** What the terms add to the options of the configuration. */
function push(text: string, options?: string): readonly string[] {
  const pushed = pushedOptions({ ...GRANT, authToken: undefined }, terms(text, options), 'ada', 'udp')
  return pushed.slice(pushed.indexOf('peer-id 65538'))
}

describe('clients with which no session is possible', () => {
  const refusal = (text: string, options?: string): string => {
    const negotiation = negotiate(text, options)
    return negotiation.type === 'refused' ? negotiation.refusal.code : 'agreed'
  }

  it('refuses peers that do not pull, have no peer-id, or share no cipher', () => {
    expect(refusal(`IV_PROTO=34\n${CIPHERS}`)).toBe('not-pulling')
    expect(refusal(`IV_PROTO=4\n${CIPHERS}`)).toBe('no-data-v2')
    expect(refusal(CIPHERS)).toBe('no-data-v2')
    expect(refusal('IV_PROTO=2\nIV_CIPHERS=BF-CBC\n')).toBe('no-shared-cipher')
  })

  it.each([
    ['IV_PROTO=2\nIV_CIPHERS=AES-256-CBC:bf-cbc\n', '', 'offers only AES-256-CBC or BF-CBC'],
    ['IV_PROTO=2\n', ',cipher BF-CBC', 'offers only BF-CBC'],
    ['IV_PROTO=2\nIV_NCP=1\n', ',cipher AES-256-CBC', 'offers only AES-256-CBC'],
    ['IV_PROTO=2\n', '', 'names no cipher'],
    ['IV_PROTO=2\nIV_CIPHERS=a,b:é\n', '', 'names no cipher'],
  ])('says which ciphers it found and which it needs: %j %s', (text, cipher, found) => {
    const negotiation = negotiate(text, `V4,dev-type tun${cipher},tls-client`)
    if (negotiation.type === 'agreed') return expect.unreachable()
    const { message } = negotiation.refusal
    expect(message).toContain(found)
    expect(message).toContain('needs AES-256-GCM or AES-128-GCM or CHACHA20-POLY1305')
    expect(message.length).toBeLessThanOrEqual(200)
    expect(message).not.toContain(',')
  })
})

it('takes the ciphers of clients before 2.4.10 from IV_NCP, else from the options string', () => {
  expect(terms('IV_PROTO=2\nIV_NCP=2\n', 'V4,cipher BF-CBC').cipher).toBe('AES-256-GCM')
  expect(terms('IV_PROTO=2\n', 'V4,cipher AES-128-GCM').cipher).toBe('AES-128-GCM')
  expect(terms('IV_PROTO=2\nIV_NCP=2\nIV_CIPHERS=CHACHA20-POLY1305\n').cipher).toBe('CHACHA20-POLY1305')
})

it('pushes only flags that the client announced', () => {
  const head = ['peer-id 65538', 'cipher AES-256-GCM']
  expect(push(`IV_PROTO=2\n${CIPHERS}`)).toEqual(head)
  expect(push(`IV_PROTO=6\n${CIPHERS}`)).toEqual(head)
  expect(push(`IV_PROTO=30\n${CIPHERS}`)).toEqual([...head, 'key-derivation tls-ekm'])
  expect(push(`IV_PROTO=22\n${CIPHERS}`)).toEqual(head)
  expect(push(`IV_PROTO=130\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit'])
  expect(push(`IV_PROTO=2454\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit'])
  expect(push(`IV_PROTO=2974\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit tls-ekm dyn-tls-crypt'])
  expect(push(`IV_PROTO=8094\n${CIPHERS}`)).toEqual([
    ...head,
    'protocol-flags cc-exit tls-ekm dyn-tls-crypt aead-epoch',
  ])
})

it('agrees on epoch keys and the dynamic wrapping only with clients that can be told so', () => {
  expect(terms(`IV_PROTO=1538\n${CIPHERS}`)).toMatchObject({ dynamicTlsCrypt: false, dataFormat: 'classic' })
  expect(terms(`IV_PROTO=1666\n${CIPHERS}`)).toMatchObject({ dynamicTlsCrypt: true, dataFormat: 'epoch' })
})

it('leaves the dynamic wrapping away with the releases that fail on it', () => {
  const wraps = ['2.6.0', '2.6.1', '2.6.2', '2.6.14'].map(
    (version) => terms(`IV_VER=${version}\nIV_PROTO=990\n${CIPHERS}`).dynamicTlsCrypt,
  )
  expect(wraps).toEqual([false, false, true, true])
})

describe('a profile with compression', () => {
  const OPTIONS = OPTIONS_26.replace('proto UDPv4', 'proto UDPv4,comp-lzo')
  it.each([
    ['stub-v2, where announced', 'IV_LZO=1\nIV_COMP_STUBv2=1\n', 'compress stub-v2', 'none'],
    ['the framing of comp-lzo otherwise', 'IV_LZO_STUB=1\nIV_COMP_STUBv2=0\n', 'comp-lzo no', 'lzo-byte'],
    ['nothing, if it announced nothing, and its framing', '', undefined, 'lzo-byte'],
    ['nothing, if the kernel carries the data', 'IV_VER=2.6.14\n', undefined, 'none'],
    ['nothing, to openvpn3 without compression', 'IV_VER=3.8.1\n', undefined, 'lzo-byte'],
  ])('is given %s', (_, announced, option, framing) => {
    const text = `IV_PROTO=2\n${announced}${CIPHERS}`
    expect(terms(text, OPTIONS).framing).toBe(framing)
    expect(push(text, OPTIONS).filter((pushed) => /^comp/.test(pushed))).toEqual(option === undefined ? [] : [option])
  })

  it('is the only one that hears of compression', () => {
    const text = `IV_PROTO=2\nIV_LZO=1\nIV_COMP_STUBv2=1\n${CIPHERS}`
    expect(terms(text).framing).toBe('none')
    expect(push(text).some((option) => option.startsWith('comp'))).toBe(false)
  })
})

describe('the name that goes with a session token', () => {
  const pushed = (version: string, username: string): readonly string[] =>
    pushedOptions(
      { ...GRANT, authTokenUsername: 'ada' },
      terms(`IV_VER=${version}\nIV_PROTO=2\n${CIPHERS}`),
      username,
      'udp',
    ).filter((option) => option.startsWith('auth-token'))

  it('is pushed when the client gave another or none and can take it', () => {
    expect(pushed('2.6.14', '')).toEqual(['auth-token SESS_ID_AT_first', 'auth-token-user YWRh'])
    expect(pushed('2.6.14', 'ada')).toEqual(['auth-token SESS_ID_AT_first'])
    expect(pushed('2.4.12', '')).toEqual(['auth-token SESS_ID_AT_first'])
  })
})
