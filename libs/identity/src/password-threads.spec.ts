import { readdirSync, readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { PasswordsBusyError, PasswordThreads } from './password-threads.ts'

/** Far less work than a real one. */
const options = { memoryCost: 8, timeCost: 1, parallelism: 1, outputLen: 16 }
const task = { kind: 'hash', password: 'x', options } as const

it('does what it can in time and refuses the rest at once', async () => {
  const threads = new PasswordThreads(1)
  const results = await Promise.allSettled(Array.from({ length: 200 }, () => threads.run(task)))
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused.every(({ reason }) => reason instanceof PasswordsBusyError)).toBe(true)
  expect(refused.length).toBeGreaterThan(50)
  expect(results.length - refused.length).toBeGreaterThan(50)
  // It has measured that such a hash takes less time than it thought.
  const later = await Promise.allSettled(Array.from({ length: 200 }, () => threads.run(task)))
  expect(later.filter(({ status }) => status === 'rejected')).toEqual([])
})

it('goes on after a password that could not be judged', async () => {
  const threads = new PasswordThreads(1)
  const bad = threads.run({ kind: 'verify', password: 'x', passwordHash: 'no hash' })
  const good = threads.run(task)
  await expect(bad).rejects.toMatchObject({ code: 'password-thread-failed' })
  expect(await good).toMatch(/^\$argon2id\$/)
})

it.runIf(process.platform === 'linux')('gives way to the other threads of the process', async () => {
  const before = threadsOfNiceness(10)
  await new PasswordThreads(1).run(task)
  expect(threadsOfNiceness(10)).toBe(before + 1)
})

/** Field 19 of /proc/PID/task/TID/stat (proc(5)); the name in field 2 may hold anything. */
function threadsOfNiceness(niceness: number): number {
  const stats = readdirSync('/proc/self/task').map((thread) => readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'))
  return stats.filter((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]) === niceness).length
}
