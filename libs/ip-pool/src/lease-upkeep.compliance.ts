import { beforeEach, describe, expect, it } from 'vitest'

import { holder, HOUR_MS, LeaseBench, newNetwork, type OpenStore, pool, TTL_MS } from './lease-fixtures.compliance.ts'
import type { NetworkKey } from './lease-store.ts'

const FOREIGN = { type: 'refused', reason: 'foreign-lease' }

/** The part of `leaseStoreCompliance` about what happens to leases without their holders' doing. */
export function leaseUpkeepCompliance(open: OpenStore): void {
  let bench: LeaseBench

  beforeEach(async () => {
    bench = await LeaseBench.set(open)
  })

  describe('a store that lost its data', () => {
    beforeEach(() => bench.store.definePool(bench.network, pool(10, 14)))

    it('restores leases when the pool is defined again, and leases only the rest', async () => {
      for (const address of [12, 10, 14])
        expect(await bench.renew(holder(String(address)), address)).toEqual({ type: 'renewed' })
      expect(await bench.leasedCount()).toBe(3)
      expect(await bench.lease(holder('b'))).toBe(11)
      expect(await bench.lease(holder('c'))).toBe(13)
      expect(await bench.lease(holder('d'))).toBe('pool-full')
    })

    it('does not restore a lease whose address was leased to another meanwhile', async () => {
      expect(await bench.lease(holder('b'))).toBe(10)
      expect(await bench.renew(holder('a'), 10)).toEqual(FOREIGN)
    })

    it('does not restore the lease of a device that has a newer one', async () => {
      expect(await bench.lease(holder('a', 'new'))).toBe(10)
      expect(await bench.renew(holder('a', 'old'), 12)).toEqual(FOREIGN)
    })

    it('restores a lease when the device’s newer one has lapsed', async () => {
      expect(await bench.lease(holder('a', 'new'))).toBe(10)
      bench.clock.advance(HOUR_MS)
      expect(await bench.renew(holder('a', 'old'), 12)).toEqual({ type: 'renewed' })
      expect(await bench.lease(holder('a', 'newest'))).toBe(12)
    })

    it('restores a lease over the memory of another address, which goes to the next in need', async () => {
      await bench.lease(holder('a', 'new'))
      await bench.release(holder('a', 'new'))
      expect(await bench.renew(holder('a', 'old'), 12)).toEqual({ type: 'renewed' })
      for (const address of [11, 13, 14, 10]) expect(await bench.lease(holder(String(address)))).toBe(address)
      expect(await bench.lease(holder('a', 'newest'))).toBe(12)
    })
  })

  describe('reclaiming', () => {
    it('takes lapsed leases only, at most as many as allowed, the longest lapsed first', async () => {
      await bench.store.definePool(bench.network, pool(10, 20))
      for (const device of ['a', 'b', 'c']) await bench.lease(holder(device))
      bench.clock.advance(TTL_MS)
      await bench.lease(holder('d'))
      expect([
        await bench.store.reclaim(bench.network, 2),
        await bench.store.reclaim(bench.network, 2),
        await bench.store.reclaim(bench.network, 2),
      ]).toEqual([2, 1, 0])
      expect(await bench.leasedCount()).toBe(1)
    })

    it('leaves it known how long an address has been out of use', async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      await bench.lease(holder('a'))
      bench.clock.advance(TTL_MS / 2)
      await bench.lease(holder('b'))
      bench.clock.advance(TTL_MS / 2)
      await bench.release(holder('b'))
      bench.clock.advance(HOUR_MS)
      expect(await bench.store.reclaim(bench.network, 10)).toBe(1)
      expect(await bench.lease(holder('c'))).toBe(10)
    })

    it('finds every network by pages', async () => {
      const networks = [bench.network, newNetwork(), newNetwork()]
      for (const one of networks) await bench.store.definePool(one, pool(10, 20))
      const found: NetworkKey[] = []
      let cursor = '0'
      do {
        const page = await bench.store.listNetworks(cursor)
        found.push(...page.networks)
        cursor = page.cursor
      } while (cursor !== '0')
      expect(found).toEqual(expect.arrayContaining(networks))
    })
  })

  describe('changing a pool', () => {
    beforeEach(async () => {
      await bench.store.definePool(bench.network, pool(10, 13))
      for (const device of ['a', 'b', 'c']) await bench.lease(holder(device))
      await bench.release(holder('b'))
    })

    it('keeps leases and memories that lie inside', async () => {
      await bench.store.definePool(bench.network, pool(8, 15))
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await bench.lease(holder('b', 'b-2'))).toBe(11)
      expect(await bench.leasedCount()).toBe(3)
      const rest = await Promise.all(['d', 'e', 'f', 'g', 'h', 'i'].map((device) => bench.lease(holder(device))))
      expect(rest).toEqual([8, 9, 13, 14, 15, 'pool-full'])
    })

    it('ends leases that lie outside: they are neither renewed nor remembered', async () => {
      await bench.store.definePool(bench.network, pool(11, 12))
      expect(await bench.renew(holder('a'), 10)).toEqual(FOREIGN)
      expect(await bench.renew(holder('c'), 12)).toEqual({ type: 'renewed' })
      expect(await bench.leasedCount()).toBe(1)
      expect(await bench.lease(holder('a', 'a-2'))).toBe(11)
      expect(await bench.release(holder('a', 'a-1'))).toEqual(FOREIGN)
    })

    it('leaves nothing behind when the pool moves away and back', async () => {
      await bench.store.definePool(bench.network, pool(30, 33))
      expect(await bench.lease(holder('a', 'a-2'))).toBe(30)
      await bench.store.definePool(bench.network, pool(10, 13))
      expect([await bench.lease(holder('d')), await bench.lease(holder('a', 'a-3'))]).toEqual([10, 11])
      expect(await bench.leasedCount()).toBe(2)
    })

    it('changes nothing when it is the same', async () => {
      await bench.store.definePool(bench.network, pool(10, 13))
      expect(await bench.leasedCount()).toBe(2)
      expect(await bench.lease(holder('d'))).toBe(13)
    })

    it('changes the IPv6 block alone', async () => {
      await bench.store.definePool(bench.network, pool(10, 13, 'fd00::/112'))
      expect(await bench.store.readPool(bench.network)).toEqual({ ...pool(10, 13, 'fd00::/112'), leased: 2 })
    })
  })
}
