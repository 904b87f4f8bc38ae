import { expect, it } from 'vitest'

import { parseCredentials } from './credentials.ts'

it('reads one user a line, with commas in the password', () => {
  expect(parseCredentials('f', 'a,secret\r\n\nb,with,comma\n')).toEqual([
    { username: 'a', password: 'secret' },
    { username: 'b', password: 'with,comma' },
  ])
})

it.each(['', '\n', 'a,x\nno comma here', 'a,x\n,password', 'a,x\nuser,'])('refuses %j without showing it', (text) => {
  expect(() => parseCredentials('f', text)).toThrow(expect.objectContaining({ code: 'bad-credentials' }))
  expect(() => parseCredentials('f', text)).not.toThrow(/comma here/)
})
