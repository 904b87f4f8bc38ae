import { expect, it } from 'vitest'

import { scenariosOf } from './scenarios.ts'

const AT = '2026-01-15T12:00:00.000Z'
const namesOf = (...of: Parameters<typeof scenariosOf>) => scenariosOf(...of).map(({ name }) => name)

it('tries only situations that the user can be in', () => {
  expect(namesOf({ factors: [], deviceId: 'd' }, AT)).toEqual(['first', 'portal'])
  expect(namesOf({ factors: ['passkey'], deviceId: undefined }, AT)).toEqual(['first', 'given', 'portal'])
  expect(namesOf({ factors: ['passkey', 'totp'], deviceId: 'd' }, AT)).toEqual(['first', 'given', 'again', 'portal'])
})

it('supposes a code where there is an app, and a proof from the same address two hours before', () => {
  const [, given, again] = scenariosOf({ factors: ['passkey', 'totp'], deviceId: 'd' }, AT)
  expect(given?.attempt.credential).toEqual({ kind: 'password', factor: 'totp' })
  expect(again?.attempt).toMatchObject({
    deviceId: 'd',
    address: '192.0.2.1',
    lastProof: { at: '2026-01-15T10:00:00.000Z', address: '192.0.2.1' },
  })
})
