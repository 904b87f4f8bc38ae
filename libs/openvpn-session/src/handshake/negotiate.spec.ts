import { parsePeerInfo } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { GRANT, OPTIONS_26 } from '../testing/scene.ts'
import { negotiateTerms, pushedOptions } from './negotiate.ts'

const CIPHERS = 'IV_CIPHERS=AES-256-GCM:AES-128-GCM\n'
const negotiate = (text: string) => negotiateTerms(parsePeerInfo(text), OPTIONS_26)

function push(text: string): readonly string[] {
  const negotiation = negotiate(text)
  if (negotiation.type === 'refused') throw new RangeError(negotiation.refusal.code)
  return pushedOptions({ ...GRANT, pushOptions: ['topology subnet'], authToken: undefined }, negotiation.terms)
}

it('refuses peers that do not pull, have no peer-id, or share no cipher', () => {
  const codes = [`IV_PROTO=34\n${CIPHERS}`, `IV_PROTO=4\n${CIPHERS}`, CIPHERS, 'IV_PROTO=2\nIV_CIPHERS=BF-CBC\n'].map(
    (text) => {
      const negotiation = negotiate(text)
      return negotiation.type === 'refused' ? negotiation.refusal.code : 'agreed'
    },
  )
  expect(codes).toEqual(['not-pulling', 'no-data-v2', 'no-data-v2', 'no-shared-cipher'])
})

it('pushes only flags that the client announced', () => {
  const head = ['topology subnet', 'peer-id 65538', 'cipher AES-256-GCM']
  expect(push(`IV_PROTO=2\n${CIPHERS}`)).toEqual(head)
  expect(push(`IV_PROTO=6\n${CIPHERS}`)).toEqual(head)
  expect(push(`IV_PROTO=30\n${CIPHERS}`)).toEqual([...head, 'key-derivation tls-ekm'])
  expect(push(`IV_PROTO=130\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit'])
  expect(push(`IV_PROTO=2454\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit'])
  expect(push(`IV_PROTO=8094\n${CIPHERS}`)).toEqual([...head, 'protocol-flags cc-exit tls-ekm dyn-tls-crypt'])
  expect(push(`IV_PROTO=2\nIV_MTU=1600\n${CIPHERS}`)).toEqual([...head, 'tun-mtu 1500'])
})

it('agrees on the dynamic wrapping only with clients that can be told so', () => {
  const wraps = [`IV_PROTO=514\n${CIPHERS}`, `IV_PROTO=642\n${CIPHERS}`].map((text) => {
    const negotiation = negotiate(text)
    return negotiation.type === 'agreed' && negotiation.terms.dynamicTlsCrypt
  })
  expect(wraps).toEqual([false, true])
})
