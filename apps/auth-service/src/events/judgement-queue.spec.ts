import { expect, it } from 'vitest'

import type { StreamOwner } from './event-streams.ts'
import { JUDGED_AT_ONCE, JUDGED_AT_ONCE_OF_TENANT, JudgementQueue } from './judgement-queue.ts'

/** A queue whose judgements last until `finish` is called with the session's name. */
function desk() {
  const begun: string[] = []
  const open = new Map<string, () => void>()
  const queue = new JudgementQueue<StreamOwner>(({ sessionName }) => {
    begun.push(sessionName)
    return new Promise((resolve) => {
      open.set(sessionName, resolve)
    })
  })
  const add = (tenantId: string, ...names: string[]): void => {
    for (const sessionName of names) queue.add({ tenantId, sessionName, userId: 'u', address: '192.0.2.1' })
  }
  const finish = async (...names: string[]): Promise<void> => {
    for (const name of names) open.get(name)?.()
    await new Promise(setImmediate)
  }
  return { queue, begun, add, finish }
}

const many = (tenant: string): string[] => Array.from({ length: 100 }, (_, index) => `${tenant}${String(index)}`)

it('lets the many sessions of one tenant hold up no other tenant', async () => {
  const { begun, add, finish } = desk()
  add('acme', ...many('a'))
  expect(begun).toHaveLength(JUDGED_AT_ONCE_OF_TENANT)
  add('rival', 'b0')
  expect(begun.at(-1)).toBe('b0')
  add('third', ...many('c'))
  expect(begun).toHaveLength(JUDGED_AT_ONCE)
  add('rival', 'b1', 'b2')
  // Whoever had a turn longest ago is the next.
  await finish('a0')
  expect(begun.at(-1)).toBe('a4')
  await finish('a1')
  expect(begun.at(-1)).toBe('b1')
  await finish('c1', 'b0', 'b1')
  expect(begun.slice(-3).toSorted()).toEqual(['a5', 'b2', 'c3'])
})

it('judges all of them, a few at once', async () => {
  const { begun, add, finish, queue } = desk()
  add('acme', ...many('a'))
  for (let place = 0; place < 100; place += 1) {
    expect(begun.length).toBeLessThanOrEqual(place + JUDGED_AT_ONCE_OF_TENANT)
    await finish(`a${String(place)}`)
  }
  expect(begun).toEqual(many('a'))
  expect(queue.has({ tenantId: 'acme', sessionName: 'a99', userId: 'u', address: '' })).toBe(false)
})

it('judges one again that is doubted while it is judged, and never twice at the same time', async () => {
  const { begun, add, finish } = desk()
  add('acme', 'a')
  add('acme', 'a', 'a')
  expect(begun).toEqual(['a'])
  await finish('a')
  expect(begun).toEqual(['a', 'a'])
  await finish('a')
  expect(begun).toEqual(['a', 'a'])
})

it('forgets those that wait, and goes on with others', async () => {
  const { begun, add, finish, queue } = desk()
  add('acme', ...many('a'))
  queue.clear()
  await finish('a0', 'a1', 'a2', 'a3')
  expect(begun).toHaveLength(JUDGED_AT_ONCE_OF_TENANT)
  add('acme', 'again')
  expect(begun.at(-1)).toBe('again')
})
