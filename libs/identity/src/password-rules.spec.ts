import { dictionary } from '@zxcvbn-ts/language-common'
import { expect, it } from 'vitest'

import { generateOneTimePassword } from './one-time-password.ts'
import { findPasswordProblem } from './password-rules.ts'

const codeOf = (password: string, username = 'ada') => findPasswordProblem({ password, username })?.code

it.each([
  ['too-short', ''],
  ['too-short', 'elevenchars'],
  ['too-long', 'a1b2c3d4e5'.repeat(26)],
  ['contains-username', 'my-name-is-ADA-x'],
  ['too-common', 'Password1234!'],
  ['too-common', '2024!Welcome!2024'],
  ['too-common', 'qwertyuiop12'],
  ['too-common', 'passwordpassword'],
  ['too-common', 'abcabcabcabcabc'],
  ['too-common', '123456789012'],
  ['too-common', '0987654321098'],
  ['too-common', 'aaaaaaaaaaaaaaaa'],
  ['too-common', '1qaz2wsx3edc'],
  ['too-common', 'Professional1'],
  ['too-common', '!!Unbelievable!!'],
  ['too-common', 'P@ssw0rd1234'],
  ['too-common', '5unsh1ne-2026'],
  ['too-common', 'Jennifer_1987'],
  ['too-common', 'dragonDRAGONdragon'],
  ['too-common', 'CorrectHorseBatteryStaple'],
])('refuses as %s: %s', (code, password) => {
  expect(codeOf(password)).toBe(code)
})

it('says what is wrong in a sentence that does not repeat the password', () => {
  const problem = findPasswordProblem({ password: 'Password1234!', username: 'ada' })
  expect(problem?.message).toMatch(/^The password .*\.$/)
  expect(problem?.message).not.toContain('Password1234!')
})

it('counts characters, not code units', () => {
  expect(codeOf('🔑🚪🏰⚓🧭🗝')).toBe('too-short')
})

it('knows at least ten thousand common passwords', () => {
  expect(dictionary['passwords-common'].length).toBeGreaterThan(10_000)
  // Those that are long enough for the other rules: each of them is refused by the list.
  const long = dictionary['passwords-common'].filter((password) => Array.from(password).length >= 12)
  expect(long.length).toBeGreaterThan(200)
  expect(long.filter((password) => codeOf(password) === undefined)).toEqual([])
})

it.each(['dragon 71 under the bridge', 'summer rain on tin', 'ann 83749261 0583', 'monkey83726154930'])(
  'does not take a common word for the whole password: %s',
  (password) => {
    expect(codeOf(password)).toBeUndefined()
  },
)

it.each(['correct horse battery', 'zwölf Zeichen und mehr', '83 1749 2650 7731', 'x'.repeat(252) + 'abcd'])(
  'takes a long password of any kind: %s',
  (password) => {
    expect(codeOf(password)).toBeUndefined()
  },
)

it('does not take a user name of one or two letters for a word in the password', () => {
  expect(codeOf('correct horse battery', 'or')).toBeUndefined()
})

it('makes one-time passwords that obey the rules, are never the same and have at least 80 bits', () => {
  const passwords = Array.from({ length: 200 }, generateOneTimePassword)
  for (const password of passwords) {
    expect(password).toMatch(/^([2-9a-hj-km-np-z]{5}-){3}[2-9a-hj-km-np-z]{5}$/)
    expect(codeOf(password, 'administrator')).toBeUndefined()
  }
  expect(new Set(passwords).size).toBe(200)
  const alphabet = new Set(passwords.join('').replaceAll('-', ''))
  expect(20 * Math.log2(alphabet.size)).toBeGreaterThan(80)
})
