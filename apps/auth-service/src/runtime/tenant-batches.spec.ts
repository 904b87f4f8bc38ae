import { expect, it } from 'vitest'

import { TenantBatches } from './tenant-batches.ts'

it('puts what arrives while a batch is under way into one batch, tenant by tenant, and answers each item', async () => {
  const seen: string[] = []
  const batches = new TenantBatches<number, string>(async (tenantId, items) => {
    seen.push(`${tenantId} ${items.join(',')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    return items.map((item) => `${tenantId}${String(item)}`)
  })
  const first = [batches.add('a', 1), batches.add('a', 2), batches.add('b', 3)]
  await new Promise((resolve) => setTimeout(resolve, 5))
  const later = [batches.add('a', 4), batches.add('a', 5)]
  expect(await Promise.all([...first, ...later])).toEqual(['a1', 'a2', 'b3', 'a4', 'a5'])
  expect(seen).toEqual(['a 1,2', 'b 3', 'a 4,5'])
  expect(await batches.add('a', 6)).toBe('a6')
})

it('holds no more than 32 together', async () => {
  const sizes: number[] = []
  const batches = new TenantBatches<number, number>((_, items) => {
    sizes.push(items.length)
    return Promise.resolve(items)
  })
  const numbers = Array.from({ length: 70 }, (_, index) => index)
  expect(await Promise.all(numbers.map((number) => batches.add('a', number)))).toEqual(numbers)
  expect(sizes).toEqual([32, 32, 6])
})

it('fails the items of a batch that failed or was not answered whole, and goes on', async () => {
  let fails = true
  const batches = new TenantBatches<number, number>((_, items) => {
    if (items.includes(0)) return Promise.resolve([])
    return fails ? Promise.reject(new Error('away')) : Promise.resolve(items)
  })
  await expect(Promise.all([batches.add('a', 1)])).rejects.toThrow('away')
  fails = false
  expect(await batches.add('a', 2)).toBe(2)
  await expect(batches.add('a', 0)).rejects.toThrow('item by item')
})

it('gives one item the time that it takes without holding up the others', async () => {
  const slow = Promise.withResolvers<number>()
  const batches = new TenantBatches<number, number>((_, items) =>
    Promise.resolve(items.map((item) => (item === 1 ? slow.promise : item))),
  )
  const held = batches.add('a', 1)
  expect(await batches.add('a', 2)).toBe(2)
  expect(await batches.add('a', 3)).toBe(3)
  slow.resolve(1)
  expect(await held).toBe(1)
})
