import { serialiseClientKeyFile, serialiseStaticKeyFile } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { parseProfile } from './profile.ts'

const STATIC = serialiseStaticKeyFile(new Uint8Array(256).fill(7))
const V2 = serialiseClientKeyFile({ key: new Uint8Array(256), wrappedKey: new Uint8Array(290) })
const PEM = '<ca>\nCA\n</ca>\n<cert>\nCERT\n</cert>\n<key>\nKEY\n</key>\n'
const HEAD = '# a comment\nclient\nremote vpn.example 443 tcp\nremote vpn.example 1194 udp\nremote other 1195 udp\n'

it('reads a profile as the server writes it', () => {
  const text = `${HEAD}verify-x509-name node.example name\nauth SHA256\nauth-user-pass\n${PEM}<tls-crypt-v2>\n${V2}</tls-crypt-v2>\n`
  expect(parseProfile('p', text.replaceAll('\n', '\r\n'))).toMatchObject({
    remote: { host: 'vpn.example', port: 1194 },
    wrap: { mode: 'tls-crypt-v2' },
    tls: { serverCaPem: 'CA\n', certificatePem: 'CERT\n', privateKeyPem: 'KEY\n' },
    serverName: 'node.example',
    asksForPassword: true,
  })
})

it('knows the keys of old profiles', () => {
  expect(parseProfile('p', `${HEAD}${PEM}<tls-crypt>\n${STATIC}</tls-crypt>\n`)).toMatchObject({
    wrap: { mode: 'tls-crypt' },
    serverName: undefined,
    asksForPassword: false,
  })
  const auth = `key-direction 1\nauth SHA256\n<tls-auth>\n${STATIC}</tls-auth>\n`
  expect(parseProfile('p', `${HEAD}${PEM}${auth}`).wrap).toMatchObject({ mode: 'tls-auth', digest: 'SHA256' })
})

it.each([
  ['no `remote` that is reached by UDP', `remote a 1 tcp\n${PEM}<tls-crypt>\n${STATIC}</tls-crypt>`],
  ['no `remote` that is reached by UDP', `proto tcp\nremote a\n${PEM}<tls-crypt>\n${STATIC}</tls-crypt>`],
  ['has no <ca>', `${HEAD}<tls-crypt>\n${STATIC}</tls-crypt>`],
  ['has no usable <tls-crypt-v2>', `${HEAD}${PEM}`],
  ['has no usable <tls-crypt-v2>', `${HEAD}${PEM}<tls-crypt-v2>\nnonsense\n</tls-crypt-v2>`],
  ['has no usable <tls-crypt-v2>', `${HEAD}${PEM}<tls-auth>\n${STATIC}</tls-auth>`],
  ['asks for a one-time code', `static-challenge "code" 1\n${HEAD}${PEM}`],
  ['no `remote`', 'this is no profile'],
])('refuses a profile: %s', (message, text) => {
  const parse = () => parseProfile('my.ovpn', text)
  expect(parse).toThrow(expect.objectContaining({ code: 'bad-profile' }))
  expect(parse).toThrow(message)
  expect(parse).toThrow(/^my\.ovpn: /)
})
