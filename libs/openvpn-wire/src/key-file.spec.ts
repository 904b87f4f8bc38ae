import { expect, it } from 'vitest'

import { nodeCryptoSuite as suite } from './crypto/node-suite.ts'
import {
  parseClientKeyFile,
  parseServerKeyFile,
  parseStaticKeyFile,
  serialiseClientKeyFile,
  serialiseServerKeyFile,
  serialiseStaticKeyFile,
} from './key-file.ts'
import { createClientKey } from './tls-crypt-v2-key.ts'

const SERVER_KEY = suite.randomBytes(128)
const CLIENT_KEY = createClientKey(suite, SERVER_KEY, Uint8Array.of(0, 1, 2))

it('refuses files of another kind, cut short, or with foreign characters', () => {
  const file = serialiseServerKeyFile(SERVER_KEY)
  expect(parseServerKeyFile('')).toBeUndefined()
  expect(parseServerKeyFile(serialiseClientKeyFile(CLIENT_KEY))).toBeUndefined()
  expect(parseServerKeyFile(file.replace(/-----END.*/, ''))).toBeUndefined()
  expect(parseServerKeyFile(file.replace('\n', '\n*'))).toBeUndefined()
  expect(parseClientKeyFile(file)).toBeUndefined()
  expect(parseStaticKeyFile(serialiseStaticKeyFile(new Uint8Array(256)).replace('00', '0'))).toBeUndefined()
})

it('throws on keys of a wrong length', () => {
  expect(() => serialiseServerKeyFile(new Uint8Array(127))).toThrow(RangeError)
  expect(() => serialiseStaticKeyFile(new Uint8Array(255))).toThrow(RangeError)
})

it('reads back what it writes, comments in front included', () => {
  const staticKey = suite.randomBytes(256)
  expect(parseStaticKeyFile(`#\n# 2048 bit OpenVPN static key\n#\n${serialiseStaticKeyFile(staticKey)}`)).toEqual(
    staticKey,
  )
  expect(parseServerKeyFile(serialiseServerKeyFile(SERVER_KEY))).toEqual(SERVER_KEY)
  expect(parseClientKeyFile(serialiseClientKeyFile(CLIENT_KEY))).toEqual(CLIENT_KEY)
})

it('writes a static key as sixteen lines of hex', () => {
  const lines = serialiseStaticKeyFile(Uint8Array.from({ length: 256 }, (_, index) => index)).split('\n')
  expect(lines).toHaveLength(19)
  expect(lines.slice(0, 2)).toEqual(['-----BEGIN OpenVPN Static key V1-----', '000102030405060708090a0b0c0d0e0f'])
})
