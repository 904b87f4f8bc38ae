import { randomUUID } from 'node:crypto'

import type { Clock } from '@sallyport/foundation'
import { ManualClock } from '@sallyport/testkit'
import { beforeEach, describe, expect, it } from 'vitest'

import { holder, newNetwork, pool } from './lease-fixtures.compliance.ts'
import type { Holder, LeaseStore, NetworkKey } from './lease-store.ts'

const TTL_MS = 120_000
const HOUR_MS = 3_600_000
const FOREIGN = { type: 'refused', reason: 'foreign-lease' }
const FULL = { type: 'refused', reason: 'pool-full' }
const UNKNOWN = { type: 'refused', reason: 'unknown-network' }

/** What every lease store does. `open` gives an empty store on the clock. */
export function leaseStoreCompliance(open: (clock: Clock) => Promise<LeaseStore>): void {
  let clock: ManualClock
  let store: LeaseStore
  let network: NetworkKey

  beforeEach(async () => {
    clock = new ManualClock()
    store = await open(clock)
    network = newNetwork()
  })

  /** Every call is at a time of its own, so that «longest out of use» is decided. */
  const lease = async (who: Holder): Promise<number | string> => {
    clock.advance(1)
    const result = await store.lease(network, who, TTL_MS)
    return result.type === 'leased' ? result.address : result.reason
  }
  const renew = (who: Holder, address: number) => store.renew(network, who, address, TTL_MS)
  const release = async (who: Holder) => {
    clock.advance(1)
    return store.release(network, who)
  }
  const leasedCount = async () => (await store.readPool(network))?.leased

  describe('an unknown network', () => {
    it('refuses to lease, renew and release, and has nothing to read or reclaim', async () => {
      expect(await store.lease(network, holder('a'), TTL_MS)).toEqual(UNKNOWN)
      expect(await renew(holder('a'), 10)).toEqual(UNKNOWN)
      expect(await release(holder('a'))).toEqual(UNKNOWN)
      expect(await store.readPool(network)).toBeUndefined()
      expect(await store.findTenant(network.networkId)).toBeUndefined()
      expect(await store.reclaim(network, 10)).toBe(0)
    })

    it('is what a network is under another tenant, who cannot define it either', async () => {
      await store.definePool(network, pool(10, 12))
      const stolen = { tenantId: randomUUID(), networkId: network.networkId }
      expect(await store.lease(stolen, holder('a'), TTL_MS)).toEqual(UNKNOWN)
      expect(await store.readPool(stolen)).toBeUndefined()
      expect(await store.definePool(stolen, pool(10, 12))).toEqual({ type: 'refused', reason: 'pool-conflict' })
      expect(await store.findTenant(network.networkId)).toBe(network.tenantId)
    })
  })

  describe('leasing', () => {
    it('refuses when every address is leased, without harm to the leases', async () => {
      await store.definePool(network, pool(10, 11))
      expect([await lease(holder('a')), await lease(holder('b')), await lease(holder('c'))]).toEqual([
        10,
        11,
        'pool-full',
      ])
      expect(await store.lease(network, holder('d'), TTL_MS)).toEqual(FULL)
      expect(await renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await leasedCount()).toBe(2)
    })

    it('leases the only address of the smallest pool', async () => {
      await store.definePool(network, pool(10, 10))
      expect([await lease(holder('a')), await lease(holder('b'))]).toEqual([10, 'pool-full'])
    })

    it('carries the highest IPv4 addresses', async () => {
      await store.definePool(network, pool(4_294_967_293, 4_294_967_294))
      expect([await lease(holder('a')), await lease(holder('b'))]).toEqual([4_294_967_293, 4_294_967_294])
      expect(await renew(holder('b'), 4_294_967_294)).toEqual({ type: 'renewed' })
    })

    it('says the blocks of the pool that it leased from', async () => {
      await store.definePool(network, pool(10, 12, 'fd00::/112'))
      expect(await store.lease(network, holder('a'), TTL_MS)).toEqual({
        type: 'leased',
        address: 10,
        pool: { ipv4: 'pool 10 to 12', ipv6: 'fd00::/112' },
      })
      expect(await store.readPool(network)).toEqual({ ...pool(10, 12, 'fd00::/112'), leased: 1 })
    })

    it('keeps networks apart', async () => {
      const other = newNetwork()
      await store.definePool(network, pool(10, 10))
      await store.definePool(other, pool(10, 10))
      expect(await lease(holder('a'))).toBe(10)
      expect(await store.lease(other, holder('b'), TTL_MS)).toMatchObject({ address: 10 })
    })
  })

  describe('a device', () => {
    it('gets its address again after release, although never used ones are left', async () => {
      await store.definePool(network, pool(10, 20))
      expect(await lease(holder('a'))).toBe(10)
      await release(holder('a'))
      expect(await lease(holder('b'))).toBe(11)
      expect(await lease(holder('a', 'a-2'))).toBe(10)
    })

    it('gets its address again after its lease lapsed, reclaimed or not', async () => {
      await store.definePool(network, pool(10, 20))
      await lease(holder('a'))
      clock.advance(TTL_MS)
      expect(await leasedCount()).toBe(0)
      expect(await lease(holder('a', 'a-2'))).toBe(10)
      clock.advance(TTL_MS)
      expect(await store.reclaim(network, 10)).toBe(1)
      expect(await lease(holder('a', 'a-3'))).toBe(10)
    })

    it('loses its address only when no never used one is left, the longest unused first', async () => {
      await store.definePool(network, pool(10, 12))
      await lease(holder('a'))
      await lease(holder('b'))
      await release(holder('b'))
      await release(holder('a'))
      expect(await lease(holder('c'))).toBe(12)
      expect(await lease(holder('d'))).toBe(11)
      expect(await lease(holder('a', 'a-2'))).toBe(10)
      expect(await lease(holder('b', 'b-2'))).toBe('pool-full')
    })

    it('loses a lapsed lease as it would a released one', async () => {
      await store.definePool(network, pool(10, 11))
      await lease(holder('a'))
      await lease(holder('b'))
      clock.advance(TTL_MS)
      expect(await lease(holder('c'))).toBe(10)
      await store.reclaim(network, 10)
      expect(await lease(holder('d'))).toBe(11)
    })

    it('can be given another address when its own was given away', async () => {
      await store.definePool(network, pool(10, 11))
      await lease(holder('a'))
      await lease(holder('b'))
      await release(holder('a'))
      await lease(holder('c'))
      await release(holder('b'))
      expect(await lease(holder('a', 'a-2'))).toBe(11)
      expect(await lease(holder('b', 'b-2'))).toBe('pool-full')
    })
  })

  describe('a second connection of a device', () => {
    beforeEach(async () => {
      await store.definePool(network, pool(10, 20))
      await lease(holder('a', 'old'))
    })

    it('takes the lease over, on any node', async () => {
      expect(await lease(holder('a', 'new', 'node-2'))).toBe(10)
      expect(await leasedCount()).toBe(1)
      expect(await renew(holder('a', 'new', 'node-2'), 10)).toEqual({ type: 'renewed' })
    })

    it('is not harmed by the end or the renewal of the first', async () => {
      await lease(holder('a', 'new'))
      expect(await release(holder('a', 'old'))).toEqual(FOREIGN)
      expect(await renew(holder('a', 'old'), 10)).toEqual(FOREIGN)
      expect(await leasedCount()).toBe(1)
      expect(await lease(holder('b'))).toBe(11)
    })

    it('is the last word: the first does not come back when the second has ended', async () => {
      await lease(holder('a', 'new'))
      await release(holder('a', 'new'))
      expect(await renew(holder('a', 'old'), 10)).toEqual(FOREIGN)
    })
  })

  describe('renewing', () => {
    beforeEach(async () => {
      await store.definePool(network, pool(10, 11))
      await lease(holder('a'))
    })

    it.each([
      ['another device', holder('b', 'a-1')],
      ['another connection', holder('a', 'a-2')],
      ['another node', holder('a', 'a-1', 'node-2')],
    ])('refuses %s', async (_, who) => {
      expect(await renew(who, 10)).toEqual(FOREIGN)
    })

    it('refuses an address outside the pool', async () => {
      expect(await renew(holder('b'), 9)).toEqual(FOREIGN)
      expect(await renew(holder('b'), 12)).toEqual(FOREIGN)
    })

    it('refuses a second address for a device that has one', async () => {
      expect(await renew(holder('a'), 11)).toEqual(FOREIGN)
    })

    it('extends the lease from the time of the call', async () => {
      clock.advance(TTL_MS - 1)
      expect(await renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      clock.advance(TTL_MS - 1)
      expect(await leasedCount()).toBe(1)
      clock.advance(1)
      expect(await leasedCount()).toBe(0)
    })

    it('restores a lapsed lease whose address nobody has taken, reclaimed or not', async () => {
      clock.advance(HOUR_MS)
      expect(await renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      clock.advance(HOUR_MS)
      await store.reclaim(network, 10)
      expect(await renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await leasedCount()).toBe(1)
    })

    it('does not restore a lapsed lease whose address was taken, even when it is free again', async () => {
      await lease(holder('b'))
      clock.advance(HOUR_MS)
      expect(await lease(holder('c'))).toBe(10)
      expect(await renew(holder('a'), 10)).toEqual(FOREIGN)
      await release(holder('c'))
      expect(await renew(holder('a'), 10)).toEqual(FOREIGN)
    })
  })

  describe('a store that lost its data', () => {
    beforeEach(() => store.definePool(network, pool(10, 14)))

    it('restores leases when the pool is defined again, and leases only the rest', async () => {
      for (const address of [12, 10, 14])
        expect(await renew(holder(String(address)), address)).toEqual({ type: 'renewed' })
      expect(await leasedCount()).toBe(3)
      expect(await lease(holder('b'))).toBe(11)
      expect(await lease(holder('c'))).toBe(13)
      expect(await lease(holder('d'))).toBe('pool-full')
    })

    it('does not restore a lease whose address was leased to another meanwhile', async () => {
      expect(await lease(holder('b'))).toBe(10)
      expect(await renew(holder('a'), 10)).toEqual(FOREIGN)
    })

    it('does not restore the lease of a device that has a newer one', async () => {
      expect(await lease(holder('a', 'new'))).toBe(10)
      expect(await renew(holder('a', 'old'), 12)).toEqual(FOREIGN)
    })

    it('restores a lease over the memory of another address, which goes to the next in need', async () => {
      await lease(holder('a', 'new'))
      await release(holder('a', 'new'))
      expect(await renew(holder('a', 'old'), 12)).toEqual({ type: 'renewed' })
      for (const address of [11, 13, 14, 10]) expect(await lease(holder(String(address)))).toBe(address)
      expect(await lease(holder('a', 'newest'))).toBe(12)
    })
  })

  describe('releasing', () => {
    beforeEach(async () => {
      await store.definePool(network, pool(10, 10))
      await lease(holder('a'))
    })

    it.each([
      ['another connection', holder('a', 'a-2')],
      ['another node', holder('a', 'a-1', 'node-2')],
    ])('refuses %s', async (_, who) => {
      expect(await release(who)).toEqual(FOREIGN)
      expect(await leasedCount()).toBe(1)
    })

    it('frees the address at once, and may be repeated, also when the address is another device’s', async () => {
      expect(await release(holder('a'))).toEqual({ type: 'released' })
      expect(await leasedCount()).toBe(0)
      expect(await release(holder('a'))).toEqual({ type: 'released' })
      expect(await lease(holder('b'))).toBe(10)
      expect(await release(holder('a'))).toEqual({ type: 'released' })
      expect(await leasedCount()).toBe(1)
    })

    it('does not make a lapsed lease look used more recently than it was', async () => {
      await store.definePool(network, pool(10, 11))
      clock.advance(TTL_MS / 2)
      await lease(holder('b'))
      clock.advance(HOUR_MS)
      await release(holder('a'))
      expect(await lease(holder('c'))).toBe(10)
    })
  })

  describe('reclaiming', () => {
    it('takes lapsed leases only, at most as many as allowed, the longest lapsed first', async () => {
      await store.definePool(network, pool(10, 20))
      for (const device of ['a', 'b', 'c']) await lease(holder(device))
      clock.advance(TTL_MS)
      await lease(holder('d'))
      expect([
        await store.reclaim(network, 2),
        await store.reclaim(network, 2),
        await store.reclaim(network, 2),
      ]).toEqual([2, 1, 0])
      expect(await leasedCount()).toBe(1)
    })

    it('finds every network by pages', async () => {
      const networks = [network, newNetwork(), newNetwork()]
      for (const one of networks) await store.definePool(one, pool(10, 20))
      const found: NetworkKey[] = []
      let cursor = '0'
      do {
        const page = await store.listNetworks(cursor)
        found.push(...page.networks)
        cursor = page.cursor
      } while (cursor !== '0')
      expect(found).toEqual(expect.arrayContaining(networks))
    })
  })

  describe('changing a pool', () => {
    beforeEach(async () => {
      await store.definePool(network, pool(10, 13))
      for (const device of ['a', 'b', 'c']) await lease(holder(device))
      await release(holder('b'))
    })

    it('keeps leases and memories that lie inside', async () => {
      await store.definePool(network, pool(8, 15))
      expect(await renew(holder('a'), 10)).toEqual({ type: 'renewed' })
      expect(await lease(holder('b', 'b-2'))).toBe(11)
      expect(await leasedCount()).toBe(3)
      const rest = await Promise.all(['d', 'e', 'f', 'g', 'h', 'i'].map((device) => lease(holder(device))))
      expect(rest).toEqual([8, 9, 13, 14, 15, 'pool-full'])
    })

    it('ends leases that lie outside: they are neither renewed nor remembered', async () => {
      await store.definePool(network, pool(11, 12))
      expect(await renew(holder('a'), 10)).toEqual(FOREIGN)
      expect(await renew(holder('c'), 12)).toEqual({ type: 'renewed' })
      expect(await leasedCount()).toBe(1)
      expect(await lease(holder('a', 'a-2'))).toBe(11)
      expect(await release(holder('a', 'a-1'))).toEqual(FOREIGN)
    })

    it('leaves nothing behind when the pool moves away and back', async () => {
      await store.definePool(network, pool(30, 33))
      expect(await lease(holder('a', 'a-2'))).toBe(30)
      await store.definePool(network, pool(10, 13))
      expect([await lease(holder('d')), await lease(holder('a', 'a-3'))]).toEqual([10, 11])
      expect(await leasedCount()).toBe(2)
    })

    it('changes nothing when it is the same', async () => {
      await store.definePool(network, pool(10, 13))
      expect(await leasedCount()).toBe(2)
      expect(await lease(holder('d'))).toBe(13)
    })

    it('changes the IPv6 block alone', async () => {
      await store.definePool(network, pool(10, 13, 'fd00::/112'))
      expect(await store.readPool(network)).toEqual({ ...pool(10, 13, 'fd00::/112'), leased: 2 })
    })
  })
}
