import { expect, it } from 'vitest'

import { hashPassword, needsRehash, verifyPassword } from './password.ts'

it('refuses a wrong password', async () => {
  const hash = await hashPassword('correct horse battery')
  expect(await verifyPassword(hash, 'correct horse batterz')).toBe(false)
  expect(await verifyPassword(hash, '')).toBe(false)
})

it('says so when the stored hash cannot be read, without printing it', async () => {
  await expect(verifyPassword('hunter2', 'hunter2')).rejects.toMatchObject({ code: 'bad-password-hash' })
  await expect(verifyPassword('hunter2', 'hunter2')).rejects.not.toThrow(/hunter2/)
})

it('never knows nobody, and takes as long for nobody as for somebody', async () => {
  const hash = await hashPassword('correct horse battery')
  const timeOf = async (work: Promise<boolean>) => {
    const start = performance.now()
    expect(await work).toBe(false)
    return performance.now() - start
  }
  let [somebody, nobody] = [Infinity, Infinity]
  for (let round = 0; round < 7; round++) {
    somebody = Math.min(somebody, await timeOf(verifyPassword(hash, 'wrong')))
    nobody = Math.min(nobody, await timeOf(verifyPassword(null, 'wrong')))
  }
  expect(nobody / somebody).toBeGreaterThan(0.5)
  expect(nobody / somebody).toBeLessThan(2)
})

it('accepts the right password, however its letters were composed', async () => {
  const hash = await hashPassword('gru\u0308ne Wiese am See')
  expect(await verifyPassword(hash, 'gr\u00fcne Wiese am See')).toBe(true)
})

it('writes argon2id with 19 MiB, two passes and one lane, and a fresh salt', async () => {
  const [first, second] = [await hashPassword('same'), await hashPassword('same')]
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(first).not.toBe(second)
})

it('asks for a new hash when the parameters have changed', async () => {
  expect(needsRehash(await hashPassword('same'))).toBe(false)
  expect(needsRehash('$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA')).toBe(true)
  expect(needsRehash('$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA')).toBe(true)
})
