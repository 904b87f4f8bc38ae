import { serialiseStaticKeyFile } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { type LoadProfile, parseProfile } from '../profile/profile.ts'
import { dealMembers, type MemberSources } from './members.ts'

function profile(name: string, asksForPassword = false): LoadProfile {
  const key = serialiseStaticKeyFile(new Uint8Array(256))
  const pem = ['ca', 'cert', 'key'].map((tag) => `<${tag}>\nX\n</${tag}>\n`).join('')
  const asks = asksForPassword ? 'auth-user-pass\n' : ''
  return parseProfile(name, `remote a\n${asks}${pem}<tls-crypt>\n${key}</tls-crypt>\n`)
}

const SOURCES: MemberSources = {
  profiles: [profile('p0'), profile('p1')],
  users: undefined,
  localAddresses: ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
  clients: undefined,
  sharesProfiles: false,
}

it('gives each profile a client', () => {
  expect(dealMembers(SOURCES).map((member) => member.profile.name)).toEqual(['p0', 'p1'])
})

it('deals everything in turn', () => {
  const users = [
    { username: 'a', password: 'x' },
    { username: 'b', password: 'y' },
    { username: 'c', password: 'z' },
  ]
  const members = dealMembers({ ...SOURCES, users, clients: 4, sharesProfiles: true })
  expect(members.map((member) => member.profile.name)).toEqual(['p0', 'p1', 'p0', 'p1'])
  expect(members.map(({ secrets }) => secrets.username)).toEqual(['a', 'b', 'c', 'a'])
  expect(members.map(({ localAddress }) => localAddress.at(-1))).toEqual(['1', '2', '3', '1'])
})

it('needs a profile for each client unless they may be shared', () => {
  const deal = () => dealMembers({ ...SOURCES, clients: 3 })
  expect(deal).toThrow(expect.objectContaining({ code: 'too-few-profiles' }))
  expect(deal).toThrow(/--share-profiles/)
})

it('needs credentials when a profile asks for them', () => {
  const deal = () => dealMembers({ ...SOURCES, profiles: [profile('p0'), profile('asking', true)] })
  expect(deal).toThrow(expect.objectContaining({ code: 'no-credentials' }))
  expect(deal).toThrow(/^asking asks/)
})
