import { parsePeerInfo } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import { readAbilities } from '../client-abilities.ts'
import { GRANT } from '../testing/scene.ts'
import type { PushConfiguration } from './configuration.ts'
import { updateMessages } from './updates.ts'

const CORE_2_7 = 'IV_VER=2.7.6\nIV_PLAT=linux\nIV_PROTO=8094\nIV_MTU=1600\n'
const FROM: PushConfiguration = {
  ...GRANT.configuration,
  routes: ['10.1.0.0/16'],
  dns: { servers: ['10.8.0.53'], searchDomains: ['corp.example'], resolveDomains: [] },
  blockIpv6: true,
}
const update = (changes: Partial<PushConfiguration>, text = CORE_2_7): readonly string[] | undefined =>
  updateMessages(FROM, { ...FROM, ...changes }, readAbilities(parsePeerInfo(text)), 'udp')

it('says nothing when nothing changed', () => {
  expect(update({})).toEqual([])
  expect(update({ blockOutsideDns: true })).toEqual([])
})

it('sends the full new list of each kind that changed and no other', () => {
  expect(update({ routes: ['10.1.0.0/16', '10.2.0.0/16'] })).toEqual([
    'PUSH_UPDATE,route 10.1.0.0 255.255.0.0,route 10.2.0.0 255.255.0.0',
  ])
})

it('takes away what is no longer there', () => {
  const dns = { servers: [], searchDomains: [], resolveDomains: [] }
  expect(update({ routes: ['0.0.0.0/0'], dns, blockIpv6: false })).toEqual([
    'PUSH_UPDATE,-route,-block-ipv6,-dns,redirect-gateway def1',
  ])
})

it('changes both keepalive timers together, where the client can', () => {
  const keepalive = { pingSeconds: 20, pingRestartSeconds: 60 }
  expect(update({ keepalive })).toEqual(['PUSH_UPDATE,keepalive 20 60'])
  expect(update({ keepalive }, CORE_2_7.replace('2.7.6', '3.11.7'))).toBeUndefined()
})

it('needs several messages for a long list', () => {
  const routes = Array.from({ length: 80 }, (_, index) => `10.${String(index)}.0.0/16`)
  const messages = update({ routes }) ?? []
  expect(messages.length).toBeGreaterThan(2)
  expect(messages.slice(0, -1).every((message) => message.endsWith(',push-continuation 2'))).toBe(true)
  expect(messages.at(-1)).toMatch(/,push-continuation 1$/)
})

describe('a change that cannot be told', () => {
  it.each([
    ['to a client that did not announce it', { routes: [] }, 'IV_VER=2.7.6\nIV_PROTO=2974\n'],
    ['to a family that has no such message', { routes: [] }, 'IV_VER=2.6.14\nIV_PROTO=8094\n'],
    ['of an option that only a new connection changes', { inactiveSeconds: 60 }, CORE_2_7],
    ['of which one part cannot be told', { routes: [], inactiveSeconds: 60 }, CORE_2_7],
    ['with a text that cannot be pushed', { dns: { ...FROM.dns, searchDomains: ['a,b'] } }, CORE_2_7],
  ])('is given up as a whole: %s', (_, changes, text) => {
    expect(update(changes, text)).toBeUndefined()
  })
})
