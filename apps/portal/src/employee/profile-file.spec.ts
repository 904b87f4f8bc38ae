import { expect, it } from 'vitest'

import { fileNameOf, withPrivateKey } from './profile-file.ts'

const KEY = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'

it('appends the key as a part of its own, whatever the lines end with', () => {
  const expected = `client\n<cert>\nX\n</cert>\n<key>\n${KEY}\n</key>\n`
  expect(withPrivateKey('client\n<cert>\nX\n</cert>\n', KEY)).toBe(expected)
  expect(withPrivateKey('client\n<cert>\nX\n</cert>', `${KEY}\n\n`)).toBe(expected)
})

it('leaves a profile alone that has a key', () => {
  const profile = 'client\n<key>\nX\n</key>\n'
  expect(withPrivateKey(profile, KEY)).toBe(profile)
})

it.each([
  ['acme', 'Ada’s Laptop', 'acme-ada-s-laptop.ovpn'],
  ['acme', 'Büro-Rechner (Köln)', 'acme-buro-rechner-koln.ovpn'],
  ['acme', '../../etc/passwd', 'acme-etc-passwd.ovpn'],
  ['acme', '電話', 'acme.ovpn'],
  ['acme', `${'x'.repeat(47)} yz`, `acme-${'x'.repeat(47)}.ovpn`],
])('names the profile of %s for "%s" %s', (tenant, device, name) => {
  expect(fileNameOf(tenant, device)).toBe(name)
})
