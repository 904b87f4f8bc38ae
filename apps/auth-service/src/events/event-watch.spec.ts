import { createLogger } from '@sallyport/telemetry'
import { expect, it } from 'vitest'

import type { AuditNews } from './change-news.ts'
import type { StreamOwner, WatchedSession } from './event-streams.ts'
import { EventWatch } from './event-watch.ts'
import type { Topic } from './topics.ts'

const tenantId = 'acme'
const ALLOWED: ReadonlySet<Topic> = new Set<Topic>(['own-account', 'users'])

function ownerOf(userId: string): StreamOwner {
  return { sessionName: `session of ${userId}`, tenantId, userId, address: '192.0.2.1' }
}

/** A watch over a chain that `add` makes longer; `judge` says what becomes of a session. */
function watchOver(judge: (owner: StreamOwner) => Promise<WatchedSession | undefined>) {
  const chain: Pick<AuditNews, 'action' | 'about'>[] = []
  const heard = new Set<string>()
  const news = {
    headOf: () => Promise.resolve(BigInt(chain.length)),
    since: (places: ReadonlyMap<string, bigint>) => {
      const from = Number(places.get(tenantId) ?? chain.length)
      const added = chain.slice(from).map((event, index) => ({ ...event, tenantId, place: BigInt(from + index + 1) }))
      for (const { action } of added) heard.add(action ?? '')
      return Promise.resolve(added)
    },
    platformState: () => Promise.resolve({ tenants: '', standing: '', services: '' }),
  }
  const sessions = {
    judge,
    each: async <Session extends StreamOwner>(
      owners: readonly Session[],
      hear: (session: Session, judged: WatchedSession | undefined) => void,
    ) => {
      for (const owner of owners) hear(owner, await judge(owner))
    },
    isDue: () => false,
    gone: () => Promise.resolve([]),
  }
  const clock = { now: () => Date.now() }
  const metrics = { gauge: () => undefined }
  const watch = new EventWatch(
    news,
    sessions,
    { listen: () => undefined },
    clock,
    metrics,
    createLogger('test', 'silent'),
  )
  const add = (action: string, userId: string): void => {
    chain.push({ action, about: [userId] })
  }
  return { watch, add, heard }
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
  const words: string[] = []
  bob?.readable.on('data', (part: Buffer) => words.push(String(part)))
  await expect.poll(() => words.join(''), { timeout: 3000 }).toContain('event: session-ended')
  expect(alice?.readable.readableEnded).toBe(false)
  watch.onModuleDestroy()
})
