import { createLogger, Metrics } from '@sallyport/telemetry'
import { expect, it, vi } from 'vitest'

import type { AuditNews } from './change-news.ts'
import type { EventStream } from './event-stream.ts'
import type { StreamOwner, WatchedSession } from './event-streams.ts'
import { EventWatch } from './event-watch.ts'
import { JUDGED_AT_ONCE_OF_TENANT } from './judgement-queue.ts'
import type { Topic } from './topics.ts'

const ALLOWED: ReadonlySet<Topic> = new Set<Topic>(['own-account', 'users'])

function ownerOf(userId: string, tenantId = 'acme'): StreamOwner {
  return { sessionName: `session of ${userId}`, tenantId, userId, address: '192.0.2.1' }
}

/** A watch over a chain of each tenant that `add` makes longer; `judge` says what becomes of a session. */
function watchOver(judge: (owner: StreamOwner) => Promise<WatchedSession | undefined>) {
  const chains = new Map<string, Pick<AuditNews, 'action' | 'about'>[]>()
  const heard = new Set<string>()
  const news = {
    headOf: (tenantId: string) => Promise.resolve(BigInt(chains.get(tenantId)?.length ?? 0)),
    since: (places: ReadonlyMap<string, bigint>) => {
      const added = [...places].flatMap(([tenantId, place]) =>
        (chains.get(tenantId) ?? [])
          .map((event, index) => ({ ...event, tenantId, place: BigInt(index + 1) }))
          .slice(Number(place)),
      )
      for (const { action } of added) heard.add(action ?? '')
      return Promise.resolve(added)
    },
    platformState: () => Promise.resolve({ tenants: '', standing: '', services: '' }),
  }
  const sessions = {
    judge,
    isDue: () => false,
    gone: () => Promise.resolve([]),
  }
  const clock = { now: () => Date.now() }
  const metrics = new Metrics()
  const log = createLogger('test', 'silent')
  const watch = new EventWatch(news, sessions, { listen: () => undefined }, clock, metrics, log)
  const warn = vi.spyOn(log, 'warn')
  const add = (action: string, userId: string, tenantId = 'acme'): void => {
    chains.set(tenantId, [...(chains.get(tenantId) ?? []), { action, about: [userId] }])
  }
  return { watch, add, heard, warn }
}

/** Gives what a stream says from now on. */
function wordsOf(stream: EventStream | undefined): () => string {
  const words: string[] = []
  stream?.readable.on('data', (part: Buffer) => words.push(String(part)))
  return () => words.join('')
}

it('judges again who was disabled while their stream was opened, after others had heard of it', async () => {
  const judged = Promise.withResolvers<undefined>()
  const disabled = new Set<string>()
  const { watch, add, heard } = watchOver(async (owner) => {
    const isOver = disabled.has(owner.userId)
    if (owner.userId === 'bob' && !isOver) await judged.promise
    return isOver ? undefined : { ...owner, allowed: ALLOWED, judgedAtMs: 0 }
  })
  const alice = await watch.open(ownerOf('alice'))
  const opening = watch.open(ownerOf('bob'))
  await new Promise(setImmediate)
  disabled.add('bob')
  add('user.disable', 'bob')
  await expect.poll(() => heard.has('user.disable'), { timeout: 3000 }).toBe(true)
  judged.resolve(undefined)
  const bob = await opening
  const words = wordsOf(bob)
  await expect.poll(words, { timeout: 3000 }).toContain('event: session-ended')
  expect(alice?.readable.readableEnded).toBe(false)
  watch.onModuleDestroy()
})

it('tells one tenant of its changes, and judges its sessions, while those of another take long to be judged', async () => {
  const slow = Promise.withResolvers<undefined>()
  const [opened, disabled] = [new Set<string>(), new Set<string>()]
  let waiting = 0
  const { watch, add } = watchOver(async (owner) => {
    const again = opened.has(owner.sessionName)
    opened.add(owner.sessionName)
    if (again && owner.tenantId === 'acme') {
      waiting += 1
      await slow.promise
    }
    return disabled.has(owner.userId) ? undefined : { ...owner, allowed: ALLOWED, judgedAtMs: 0 }
  })
  for (let count = 0; count < 20; count += 1) await watch.open(ownerOf(`user ${String(count)}`))
  const [eve, mallory] = [await watch.open(ownerOf('eve', 'rival')), await watch.open(ownerOf('mallory', 'rival'))]
  const [toEve, toMallory] = [wordsOf(eve), wordsOf(mallory)]
  add('settings.change', 'admin')
  await expect.poll(() => waiting, { timeout: 3000 }).toBe(JUDGED_AT_ONCE_OF_TENANT)
  disabled.add('mallory')
  add('user.disable', 'mallory', 'rival')
  await expect.poll(toEve, { timeout: 3000 }).toContain('"users"')
  await expect.poll(toMallory, { timeout: 3000 }).toContain('event: session-ended')
  slow.resolve(undefined)
  watch.onModuleDestroy()
})

it('tries again to judge whom it could not judge, and says so once', async () => {
  let judgements = 0
  const { watch, add, warn } = watchOver((owner) => {
    judgements += 1
    if (judgements === 1) return Promise.resolve({ ...owner, allowed: ALLOWED, judgedAtMs: 0 })
    return judgements < 4 ? Promise.reject(new Error('away')) : Promise.resolve(undefined)
  })
  const words = wordsOf(await watch.open(ownerOf('alice')))
  add('user.disable', 'alice')
  await expect.poll(words, { timeout: 5000 }).toContain('event: session-ended')
  expect([judgements, warn.mock.calls.length]).toEqual([4, 1])
  watch.onModuleDestroy()
})
