import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, it } from 'vitest'

import { holder, HOUR_MS, LeaseBench, newNetwork, type OpenStore, pool, TTL_MS } from './lease-fixtures.compliance.ts'
import { leaseUpkeepCompliance } from './lease-upkeep.compliance.ts'

const FOREIGN = { type: 'refused', reason: 'foreign-lease' }
const FULL = { type: 'refused', reason: 'pool-full' }
const UNKNOWN = { type: 'refused', reason: 'unknown-network' }

/** What every lease store does. `open` gives an empty store on the clock. */
export function leaseStoreCompliance(open: OpenStore): void {
  let bench: LeaseBench

  beforeEach(async () => {
    bench = await LeaseBench.set(open)
  })

  describe('an unknown network', () => {
    it('refuses to lease, renew and release, and has nothing to read or reclaim', async () => {
      expect(await bench.store.lease(bench.network, holder('a'), TTL_MS)).toEqual(UNKNOWN)
      expect(await bench.renew(holder('a'), 10)).toEqual(UNKNOWN)
      expect(await bench.release(holder('a'))).toEqual(UNKNOWN)
      expect(await bench.store.readPool(bench.network)).toBeUndefined()
      expect(await bench.store.findTenant(bench.network.networkId)).toBeUndefined()
      expect(await bench.store.reclaim(bench.network, 10)).toBe(0)
    })

    it('is what a network is under another tenant, who cannot define it either', async () => {
      await bench.store.definePool(bench.network, pool(10, 12))
      const stolen = { tenantId: randomUUID(), networkId: bench.network.networkId }
      expect(await bench.store.lease(stolen, holder('a'), TTL_MS)).toEqual(UNKNOWN)
      expect(await bench.store.readPool(stolen)).toBeUndefined()
      expect(await bench.store.definePool(stolen, pool(10, 12))).toEqual({ type: 'refused', reason: 'pool-conflict' })
      expect(await bench.store.findTenant(bench.network.networkId)).toBe(bench.network.tenantId)
    })
  })

  describe('leasing', () => {
    it('refuses when every address is leased, without harm to the leases', async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      expect([await bench.lease(holder('a')), await bench.lease(holder('b')), await bench.lease(holder('c'))]).toEqual([
        10,
        11,
        'pool-full',
      ])
      expect(await bench.store.lease(bench.network, holder('d'), TTL_MS)).toEqual(FULL)
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await bench.leasedCount()).toBe(2)
    })

    it('leases the only address of the smallest pool', async () => {
      await bench.store.definePool(bench.network, pool(10, 10))
      expect([await bench.lease(holder('a')), await bench.lease(holder('b'))]).toEqual([10, 'pool-full'])
    })

    it('carries the highest IPv4 addresses', async () => {
      await bench.store.definePool(bench.network, pool(4_294_967_293, 4_294_967_294))
      expect([await bench.lease(holder('a')), await bench.lease(holder('b'))]).toEqual([4_294_967_293, 4_294_967_294])
      expect(await bench.renew(holder('b'), 4_294_967_294)).toEqual({ type: 'renewed' })
    })

    it('says the blocks of the pool that it leased from', async () => {
      await bench.store.definePool(bench.network, pool(10, 12, 'fd00::/112'))
      expect(await bench.store.lease(bench.network, holder('a'), TTL_MS)).toEqual({
        type: 'leased',
        address: 10,
        pool: { ipv4: 'pool 10 to 12', ipv6: 'fd00::/112' },
      })
      expect(await bench.store.readPool(bench.network)).toEqual({ ...pool(10, 12, 'fd00::/112'), leased: 1 })
    })

    it('keeps networks apart', async () => {
      const other = newNetwork()
      await bench.store.definePool(bench.network, pool(10, 10))
      await bench.store.definePool(other, pool(10, 10))
      expect(await bench.lease(holder('a'))).toBe(10)
      expect(await bench.store.lease(other, holder('b'), TTL_MS)).toMatchObject({ address: 10 })
    })
  })

  describe('a device', () => {
    it('gets its address again after release, although never used ones are left', async () => {
      await bench.store.definePool(bench.network, pool(10, 20))
      expect(await bench.lease(holder('a'))).toBe(10)
      await bench.release(holder('a'))
      expect(await bench.lease(holder('b'))).toBe(11)
      expect(await bench.lease(holder('a', 'a-2'))).toBe(10)
    })

    it('gets its address again after its lease lapsed, reclaimed or not', async () => {
      await bench.store.definePool(bench.network, pool(10, 20))
      await bench.lease(holder('a'))
      bench.clock.advance(TTL_MS)
      expect(await bench.leasedCount()).toBe(0)
      expect(await bench.lease(holder('a', 'a-2'))).toBe(10)
      bench.clock.advance(TTL_MS)
      expect(await bench.store.reclaim(bench.network, 10)).toBe(1)
      expect(await bench.lease(holder('a', 'a-3'))).toBe(10)
    })

    it('loses its address only when no never used one is left, the longest unused first', async () => {
      await bench.store.definePool(bench.network, pool(10, 12))
      await bench.lease(holder('a'))
      await bench.lease(holder('b'))
      await bench.release(holder('b'))
      await bench.release(holder('a'))
      expect(await bench.lease(holder('c'))).toBe(12)
      expect(await bench.lease(holder('d'))).toBe(11)
      expect(await bench.lease(holder('a', 'a-2'))).toBe(10)
      expect(await bench.lease(holder('b', 'b-2'))).toBe('pool-full')
    })

    it('loses a lapsed lease as it would a released one', async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      await bench.lease(holder('a'))
      await bench.lease(holder('b'))
      bench.clock.advance(TTL_MS)
      expect(await bench.lease(holder('c'))).toBe(10)
      await bench.store.reclaim(bench.network, 10)
      expect(await bench.lease(holder('d'))).toBe(11)
    })

    it('can be given another address when its own was given away', async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      await bench.lease(holder('a'))
      await bench.lease(holder('b'))
      await bench.release(holder('a'))
      await bench.lease(holder('c'))
      await bench.release(holder('b'))
      expect(await bench.lease(holder('a', 'a-2'))).toBe(11)
      expect(await bench.lease(holder('b', 'b-2'))).toBe('pool-full')
    })
  })

  describe('a second connection of a device', () => {
    beforeEach(async () => {
      await bench.store.definePool(bench.network, pool(10, 20))
      await bench.lease(holder('a', 'old'))
    })

    it('takes the lease over, on any node', async () => {
      expect(await bench.lease(holder('a', 'new', 'node-2'))).toBe(10)
      expect(await bench.leasedCount()).toBe(1)
      expect(await bench.renew(holder('a', 'new', 'node-2'), 10)).toEqual({ type: 'renewed' })
    })

    it('is not harmed by the end or the renewal of the first', async () => {
      await bench.lease(holder('a', 'new'))
      expect(await bench.release(holder('a', 'old'))).toEqual(FOREIGN)
      expect(await bench.renew(holder('a', 'old'), 10)).toEqual(FOREIGN)
      expect(await bench.leasedCount()).toBe(1)
      expect(await bench.lease(holder('b'))).toBe(11)
    })

    it('is the last word: the first does not come back when the second has ended', async () => {
      await bench.lease(holder('a', 'new'))
      await bench.release(holder('a', 'new'))
      expect(await bench.renew(holder('a', 'old'), 10)).toEqual(FOREIGN)
    })
  })

  describe('renewing', () => {
    beforeEach(async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      await bench.lease(holder('a'))
    })

    it.each([
      ['another device', holder('b', 'a-1')],
      ['another connection', holder('a', 'a-2')],
      ['another node', holder('a', 'a-1', 'node-2')],
    ])('refuses %s', async (_, who) => {
      expect(await bench.renew(who, 10)).toEqual(FOREIGN)
    })

    it('refuses an address outside the pool', async () => {
      expect(await bench.renew(holder('b'), 9)).toEqual(FOREIGN)
      expect(await bench.renew(holder('b'), 12)).toEqual(FOREIGN)
    })

    it('refuses a second address for a device that has one', async () => {
      expect(await bench.renew(holder('a'), 11)).toEqual(FOREIGN)
    })

    it('extends the lease from the time of the call', async () => {
      bench.clock.advance(TTL_MS - 1)
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      bench.clock.advance(TTL_MS - 1)
      expect(await bench.leasedCount()).toBe(1)
      bench.clock.advance(1)
      expect(await bench.leasedCount()).toBe(0)
    })

    it('restores a lapsed lease whose address nobody has taken, reclaimed or not', async () => {
      bench.clock.advance(HOUR_MS)
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      bench.clock.advance(HOUR_MS)
      await bench.store.reclaim(bench.network, 10)
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await bench.leasedCount()).toBe(1)
    })

    it('takes a restored address back from those that can be given away', async () => {
      await bench.lease(holder('b'))
      bench.clock.advance(HOUR_MS)
      await bench.store.reclaim(bench.network, 10)
      expect(await bench.renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await bench.renew(holder('b'), 11)).toEqual({ type: 'renewed' })
      expect(await bench.lease(holder('c'))).toBe('pool-full')
    })

    it('does not restore a lapsed lease whose address was taken, even when it is free again', async () => {
      await bench.lease(holder('b'))
      bench.clock.advance(HOUR_MS)
      expect(await bench.lease(holder('c'))).toBe(10)
      expect(await bench.renew(holder('a'), 10)).toEqual(FOREIGN)
      await bench.release(holder('c'))
      expect(await bench.renew(holder('a'), 10)).toEqual(FOREIGN)
    })
  })

  describe('releasing', () => {
    beforeEach(async () => {
      await bench.store.definePool(bench.network, pool(10, 10))
      await bench.lease(holder('a'))
    })

    it.each([
      ['another connection', holder('a', 'a-2')],
      ['another node', holder('a', 'a-1', 'node-2')],
    ])('refuses %s', async (_, who) => {
      expect(await bench.release(who)).toEqual(FOREIGN)
      expect(await bench.leasedCount()).toBe(1)
    })

    it('frees the address at once, and may be repeated, also when the address is another device’s', async () => {
      expect(await bench.release(holder('a'))).toEqual({ type: 'released' })
      expect(await bench.leasedCount()).toBe(0)
      expect(await bench.release(holder('a'))).toEqual({ type: 'released' })
      expect(await bench.lease(holder('b'))).toBe(10)
      expect(await bench.release(holder('a'))).toEqual({ type: 'released' })
      expect(await bench.leasedCount()).toBe(1)
    })

    it('does not make a lapsed lease look used more recently than it was', async () => {
      await bench.store.definePool(bench.network, pool(10, 11))
      bench.clock.advance(TTL_MS / 2)
      await bench.lease(holder('b'))
      bench.clock.advance(HOUR_MS)
      await bench.release(holder('a'))
      expect(await bench.lease(holder('c'))).toBe(10)
    })
  })

  leaseUpkeepCompliance(open)
}
