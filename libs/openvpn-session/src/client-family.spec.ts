import { parsePeerInfo } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { readAbilities } from './client-abilities.ts'
import { CLIENT_FAMILIES, clientFamily } from './client-family.ts'

it.each([
  ['IV_VER=2.4.12', 'openvpn-2.4'],
  ['IV_VER=2.5.11', 'openvpn-2.5'],
  ['IV_VER=2.6_master', 'openvpn-2.6'],
  ['IV_VER=2.6.14', 'openvpn-2.6'],
  ['IV_VER=2.7.6', 'openvpn-2.7'],
  ['IV_VER=2.8_git', 'openvpn-2.7'],
  ['IV_VER=3.3.1', 'openvpn3-3.5'],
  ['IV_VER=3.5.8', 'openvpn3-3.5'],
  ['IV_VER=3.6.7', 'openvpn3-3.7'],
  ['IV_VER=3.7.2', 'openvpn3-3.7'],
  ['IV_VER=3.8.1\nIV_GUI_VER=OCmacOS_3.4.4-4629', 'openvpn3-3.8'],
  ['IV_VER=3.9', 'openvpn3-3.10'],
  ['IV_VER=3.10.6', 'openvpn3-3.10'],
  ['IV_VER=3.11.7', 'openvpn3-3.11'],
  ['IV_VER=3.12_git:master', 'openvpn3-3.11'],
  ['IV_VER=3.git::662eae9a\nIV_GUI_VER=OCWindows_3.2.0-1064', 'openvpn3-3.5'],
  ['IV_VER=3.git::662eae9a\nIV_GUI_VER=OCWindows_3.4.1-1', 'openvpn3-3.8'],
  ['IV_VER=3.git::662eae9a\nIV_GUI_VER=OCAndroid_3.7.0', 'openvpn3-3.10'],
  ['IV_VER=3.git:master:abc', 'openvpn3-3.5'],
  ['IV_VER=2.3.18', 'unknown'],
  ['IV_VER=1.6', 'unknown'],
  ['IV_VER=4.0.1', 'unknown'],
  ['IV_VER=2', 'unknown'],
  ['IV_VER=2.60000', 'unknown'],
  ['IV_VER=x2.6', 'unknown'],
  ['IV_GUI_VER=OCWindows_3.4.1-1', 'unknown'],
  ['', 'unknown'],
])('recognises %j as %s', (text, name) => {
  expect(clientFamily(parsePeerInfo(text)).name).toBe(name)
})

it('has one row for each name', () => {
  const names = CLIENT_FAMILIES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

it('asks nothing special of a client of which nothing is known, whatever it announces', () => {
  const text = 'IV_PROTO=8094\nIV_SSO=webauth,openurl,crtext\nIV_GUI_VER=something\n'
  const { family, dialogues, updatableKinds, webDialogue } = readAbilities(parsePeerInfo(text))
  expect(dialogues).toEqual([])
  expect(updatableKinds).toEqual([])
  expect(webDialogue).toBeUndefined()
  expect(family).toMatchObject({ exit: false, info: false, authTokenUser: false, domainOption: 'DOMAIN' })
})

it.each([
  ['IV_VER=2.4.12\nIV_SSO=crtext', []],
  ['IV_VER=2.4.12\nIV_GUI_VER=OpenVPN_GUI_11', ['dynamic-challenge']],
  ['IV_VER=2.6.14', []],
  [
    'IV_VER=2.6.9\nIV_GUI_VER=OpenVPN_GUI_11.47.0.0\nIV_SSO=openurl,webauth,crtext',
    ['dynamic-challenge', 'text', 'web'],
  ],
  ['IV_VER=3.5.8\nIV_SSO=openurl', ['dynamic-challenge', 'web']],
  ['IV_VER=3.8.1', ['dynamic-challenge']],
])('knows how a client can ask its user: %j', (text, dialogues) => {
  expect(readAbilities(parsePeerInfo(text)).dialogues).toEqual(dialogues)
})

it('changes options only in clients that announce it', () => {
  const kinds = ['IV_VER=2.7.6\nIV_PROTO=8094', 'IV_VER=2.7.6\nIV_PROTO=2974', 'IV_VER=3.11.7\nIV_PROTO=8094'].map(
    (text) => readAbilities(parsePeerInfo(text)).updatableKinds,
  )
  expect(kinds[0]).toContain('keepalive')
  expect(kinds[1]).toEqual([])
  expect(kinds[2]).toContain('route')
  expect(kinds[2]).not.toContain('keepalive')
})

it('takes no tunnel MTU from anything but a number', () => {
  const sizes = ['IV_MTU=1600', 'IV_MTU=99', 'IV_MTU=-1', 'IV_MTU=1e3', 'IV_MTU=', 'IV_X=1'].map(
    (text) => readAbilities(parsePeerInfo(text)).maxTunMtu,
  )
  expect(sizes).toEqual([1600, undefined, undefined, undefined, undefined, undefined])
})
