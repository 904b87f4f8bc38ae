import { ManualClock, type ThrowawayRedis, throwawayRedis } from '@sallyport/testkit'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { holder, newNetwork, pool } from './lease-fixtures.compliance.ts'
import type { Holder, LeaseStore, NetworkKey, PoolRecord } from './lease-store.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'
import { RedisLeaseStore } from './redis-lease-store.ts'

const TTL_MS = 1000
const RANGES = [pool(10, 10), pool(10, 14), pool(10, 12), pool(12, 17), pool(30, 33)]

/** What anybody may expect, without knowing how a store chooses. */
interface Model {
  range: PoolRecord
  /** Address → who was last given it, and until when. */
  given: Map<number, { holder: Holder; untilMs: number }>
  /** Device → its last grant, as its node remembers it; survives the loss of the store's data. */
  claims: Map<string, { holder: Holder; address: number }>
  connections: number
}

/** Both stores, asked the same at the same time; they must answer the same. */
class Pair {
  readonly clock = new ManualClock()
  readonly network: NetworkKey = newNetwork()
  readonly #redis: Redis
  #stores: LeaseStore[] = []

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async wipe(): Promise<void> {
    await this.#redis.flushall()
    this.#stores = [new MemoryLeaseStore(this.clock), new RedisLeaseStore(this.#redis, { clock: this.clock })]
  }

  async ask<T>(question: (store: LeaseStore) => Promise<T>): Promise<T> {
    this.clock.advance(1)
    const [answer, other] = await Promise.all(this.#stores.map(question))
    if (answer === undefined) throw new Error('wipe makes the stores')
    expect(other).toEqual(answer)
    return answer
  }
}

type Step = fc.AsyncCommand<Model, Pair>

function step(name: string, run: (model: Model, real: Pair) => Promise<void>): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await run(model, real)
      const status = await real.ask((store) => store.readPool(real.network))
      expect(status?.leased).toBe(liveAddresses(model, real.clock.now()).length)
    },
  }
}

function liveAddresses(model: Model, nowMs: number): number[] {
  return [...model.given].filter(([, { untilMs }]) => untilMs > nowMs).map(([address]) => address)
}

function grant(model: Model, who: Holder, address: number, nowMs: number): void {
  model.given.set(address, { holder: who, untilMs: nowMs + TTL_MS })
  model.claims.set(who.deviceId, { holder: who, address })
}

const lease = (device: string): Step =>
  step(`lease ${device}`, async (model, real) => {
    const who = holder(device, `c${String(model.connections++)}`)
    const result = await real.ask((store) => store.lease(real.network, who, TTL_MS))
    const nowMs = real.clock.now()
    const live = liveAddresses(model, nowMs)
    const remembered = [...model.given]
      .filter(([, given]) => given.holder.deviceId === device)
      .map(([address]) => address)
    const isFull = live.length === model.range.last - model.range.first + 1 && remembered.length === 0
    if (isFull || result.type === 'refused') {
      expect([isFull, result]).toEqual([true, { type: 'refused', reason: 'pool-full' }])
      return
    }
    const { address } = result
    expect(address >= model.range.first && address <= model.range.last).toBe(true)
    if (remembered.length > 0) expect(remembered).toContain(address)
    else {
      expect(live).not.toContain(address)
      const isPristine = model.given.size < model.range.last - model.range.first + 1
      expect(model.given.has(address)).toBe(!isPristine)
    }
    grant(model, who, address, nowMs)
  })

const renew = (device: string): Step =>
  step(`renew ${device}`, async (model, real) => {
    const claim = model.claims.get(device)
    if (claim === undefined) return
    const result = await real.ask((store) => store.renew(real.network, claim.holder, claim.address, TTL_MS))
    const given = model.given.get(claim.address)
    const isInside = claim.address >= model.range.first && claim.address <= model.range.last
    const isTaken = given !== undefined && given.holder !== claim.holder
    expect(result.type).toBe(isInside && !isTaken ? 'renewed' : 'refused')
    if (result.type === 'renewed') grant(model, claim.holder, claim.address, real.clock.now())
  })

const release = (device: string): Step =>
  step(`release ${device}`, async (model, real) => {
    const claim = model.claims.get(device)
    if (claim === undefined) return
    await real.ask((store) => store.release(real.network, claim.holder))
    const given = model.given.get(claim.address)
    if (given?.holder === claim.holder) given.untilMs = Math.min(given.untilMs, real.clock.now())
  })

const pass = (ms: number): Step =>
  step(`${String(ms)} ms pass`, (_, real) => {
    real.clock.advance(ms)
    return Promise.resolve()
  })

const reclaim = (limit: number): Step =>
  step(`reclaim ${String(limit)}`, async (_, real) => {
    expect(await real.ask((store) => store.reclaim(real.network, limit))).toBeLessThanOrEqual(limit)
  })

const resize = (range: PoolRecord): Step =>
  step(`resize to ${range.ipv4}`, async (model, real) => {
    await real.ask((store) => store.definePool(real.network, range))
    model.range = range
    for (const address of model.given.keys())
      if (address < range.first || address > range.last) model.given.delete(address)
  })

const loseData = (): Step =>
  step('lose all data', async (model, real) => {
    await real.wipe()
    await real.ask((store) => store.definePool(real.network, model.range))
    model.given.clear()
  })

let server: ThrowawayRedis
let redis: Redis
beforeAll(async () => {
  server = await throwawayRedis()
  redis = new Redis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server[Symbol.asyncDispose]()
})

it('never leases an address twice, is sticky, is full exactly at capacity, and does in Redis what it does in memory', async () => {
  const device = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
  const steps = fc.commands(
    [
      ...[device.map(lease), device.map(lease), device.map(release), device.map(renew)],
      ...[fc.constantFrom(1, 400, TTL_MS).map(pass), fc.nat(3).map(reclaim)],
      ...[fc.constantFrom(...RANGES).map(resize), fc.constant(loseData())],
    ],
    { maxCommands: 60 },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      const real = new Pair(redis)
      await real.wipe()
      const range = pool(10, 14)
      await real.ask((store) => store.definePool(real.network, range))
      const model: Model = { range, given: new Map(), claims: new Map(), connections: 0 }
      await fc.asyncModelRun(() => ({ model, real }), commands)
    }),
    { numRuns: 150 },
  )
}, 60_000)
