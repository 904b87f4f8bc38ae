import { createHash } from 'node:crypto'

import { Secret } from '@sallyport/foundation'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import {
  checkSessionToken,
  encodeSessionToken,
  issueSessionToken,
  looksLikeSessionToken,
  type SessionBinding,
} from './session-token.ts'

const KEY = new Secret<Uint8Array>(new Uint8Array(32).fill(1))
const OTHER_KEY = new Secret<Uint8Array>(new Uint8Array(32).fill(2))
const NOW_MS = Date.UTC(2026, 0, 1)
const BINDING: SessionBinding = {
  tenantId: '00000000-0000-4000-8000-000000000001',
  userId: '00000000-0000-4000-8000-000000000002',
  deviceId: '00000000-0000-4000-8000-000000000003',
  certificateSha256: createHash('sha256').digest('hex'),
  tokenGeneration: 1,
}

const issued = issueSessionToken({ key: KEY, binding: BINDING, nowMs: NOW_MS })
const check = (token: string, changes: Partial<Parameters<typeof checkSessionToken>[0]> = {}) =>
  checkSessionToken({ keys: [KEY], token, binding: BINDING, nowMs: NOW_MS, ...changes })

it('refuses malformed tokens of every length without failing, the class that has crashed servers', () => {
  for (let length = 1; length <= 127; length++) {
    const cut = issued.token.padEnd(127, 'A').slice(0, length)
    for (const token of [cut, 'A'.repeat(length), `SESS_ID_AT_${'='.repeat(length)}`, '\u0000'.repeat(length)]) {
      expect(check(token).result).toBe(length === 91 && token === cut ? 'valid' : 'invalid')
    }
  }
})

it('refuses 91 characters that are not the prefix and strict base64', () => {
  const body = issued.token.slice(11)
  const wrong = [
    `SESS_ID_AU_${body}`,
    `SESS_ID_AT_${body.slice(0, -1)}=`,
    `SESS_ID_AT_${body.slice(0, -2)}==`,
    `SESS_ID_AT_${body.slice(0, -1)}\n`,
    `SESS_ID_AT_${body.slice(0, -1)}-`,
    `SESS_ID_AT_ ${body.slice(1)}`,
    `SESS_ID_AT_${'é'.repeat(80)}`,
  ]
  for (const token of wrong) expect(check(token)).toEqual({ result: 'invalid' })
})

it('refuses any token with one changed character', () => {
  fc.assert(
    fc.property(fc.integer({ min: 11, max: 90 }), fc.integer({ min: 1, max: 63 }), (index, shift) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
      const changed = alphabet.charAt((alphabet.indexOf(issued.token.charAt(index)) + shift) % 64)
      const token = issued.token.slice(0, index) + changed + issued.token.slice(index + 1)
      expect(check(token)).toEqual({ result: 'invalid' })
    }),
  )
})

it.each([
  ['tenant', { tenantId: '00000000-0000-4000-8000-00000000000f' }],
  ['user', { userId: '00000000-0000-4000-8000-00000000000f' }],
  ['device', { deviceId: '00000000-0000-4000-8000-00000000000f' }],
  ['certificate', { certificateSha256: createHash('sha256').update('other').digest('hex') }],
  ['token generation', { tokenGeneration: 2 }],
])('refuses a token shown with another %s', (_, other) => {
  expect(check(issued.token, { binding: { ...BINDING, ...other } })).toEqual({ result: 'invalid' })
})

it('keeps neighbouring fields of the binding apart', () => {
  const { token } = issueSessionToken({ key: KEY, binding: { ...BINDING, userId: 'ab', deviceId: 'c' }, nowMs: NOW_MS })
  expect(check(token, { binding: { ...BINDING, userId: 'a', deviceId: 'bc' } })).toEqual({ result: 'invalid' })
})

it('refuses a token of a key that no longer counts, and a key that is too short to be one', () => {
  expect(check(issued.token, { keys: [OTHER_KEY] })).toEqual({ result: 'invalid' })
  expect(check(issued.token, { keys: [] })).toEqual({ result: 'invalid' })
  const key = new Secret<Uint8Array>(new Uint8Array(31))
  expect(() => issueSessionToken({ key, binding: BINDING, nowMs: NOW_MS })).toThrow(RangeError)
})

it('refuses a token from the future, but for as far as a clock may be set', () => {
  expect(check(issued.token, { nowMs: NOW_MS - 601_000 })).toEqual({ result: 'invalid' })
  expect(check(issued.token, { nowMs: NOW_MS - 599_000 }).result).toBe('valid')
})

it('takes a token that was renewed after the clock was set back, within the same limit', () => {
  const renewedAt = (nowMs: number): string =>
    issueSessionToken({ key: KEY, binding: BINDING, nowMs, previous: issued }).token
  expect(check(renewedAt(NOW_MS - 599_000), { nowMs: NOW_MS - 599_000 }).result).toBe('valid')
  expect(check(renewedAt(NOW_MS - 601_000), { nowMs: NOW_MS })).toEqual({ result: 'invalid' })
})

it('leaves it to the policy how old a token may be', () => {
  const nowMs = NOW_MS + 366 * 86_400_000
  expect(check(issued.token, { nowMs })).toMatchObject({ result: 'valid', initialMs: NOW_MS, issuedMs: NOW_MS })
})

it('renews a token under the current key and keeps session id and time of login', () => {
  const laterMs = NOW_MS + 3_600_000
  const before = check(issued.token, { keys: [OTHER_KEY, KEY], nowMs: laterMs })
  expect(before).toEqual({ result: 'valid', sessionId: issued.sessionId, initialMs: NOW_MS, issuedMs: NOW_MS })
  if (before.result !== 'valid') return
  const renewed = issueSessionToken({ key: OTHER_KEY, binding: BINDING, nowMs: laterMs, previous: before })
  expect(renewed.token).not.toBe(issued.token)
  expect(check(renewed.token, { keys: [OTHER_KEY, KEY], nowMs: laterMs })).toEqual({ ...before, issuedMs: laterMs })
})

it('gives each login a token of its own, of 91 characters', () => {
  const other = issueSessionToken({ key: KEY, binding: BINDING, nowMs: NOW_MS })
  expect(other.token).toHaveLength(91)
  expect(other.sessionId).not.toBe(issued.sessionId)
  expect(looksLikeSessionToken(other.token)).toBe(true)
  expect(looksLikeSessionToken('correct horse battery')).toBe(false)
})

it.each([
  [
    '00'.repeat(32),
    '0123456789abcdef',
    0,
    'SESS_ID_AT_0123456789abcdefAAAAAAAAAAAAAAAAAAAAAE5JsQJOVfo8jnI3RL3tBaR5NkE4yPfcylFUHmHSc5Bu',
  ],
  [
    'cf79d5b7ecec27369987dacbdd818768112795c433f0cc7f309637eeee53a356',
    'ThhRItzOKNKrh3df',
    0x5c331e9c,
    'SESS_ID_AT_ThhRItzOKNKrh3dfAAAAAFwzHpwAAAAAXDMenDdrq0RoH3dkA1f7O3wO+7kZcx2DusVZrRmFlWQM9HOb',
  ],
])("has the layout of OpenVPN's own tokens (its published vectors): key %s", (key, sessionId, seconds, token) => {
  const encoded = encodeSessionToken({
    hmacKey: Buffer.from(key, 'hex'),
    binding: Buffer.from('test user name'),
    sessionId: Buffer.from(sessionId, 'base64'),
    initialSeconds: seconds,
    issuedSeconds: seconds,
  })
  expect(encoded).toBe(token)
})
