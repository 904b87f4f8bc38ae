import { setTimeout as delay } from 'node:timers/promises'

import { createLogger } from '@sallyport/telemetry'
import { Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'

import { type Change, Changes } from './changes.ts'

const TENANT = '11111111-2222-4333-8444-555555555555'
const USER = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'

/** Changes over a Redis that only notes what is published; `say` is what it brings from other instances. */
function desk(publish: () => Promise<number> = () => Promise.resolve(1)) {
  const redis = new Redis({ lazyConnect: true })
  const published: string[] = []
  vi.spyOn(redis, 'publish').mockImplementation((_, text) => {
    published.push(String(text))
    return publish()
  })
  let hear: (text: string) => void = () => undefined
  const store = {
    run: <Result>(commands: (redis: Redis) => Promise<Result>) => commands(redis),
    subscribe: (_: string, listener: (text: string) => void) => {
      hear = listener
    },
  }
  const log = createLogger('test', 'silent')
  const warn = vi.spyOn(log, 'warn')
  const changes = new Changes(store, log)
  const heard: Change[] = []
  changes.listen((change) => heard.push(change))
  const say = (text: string): void => {
    hear(text)
  }
  return { changes, published, heard, warn, say }
}

it('gathers what is announced into one message', async () => {
  const { changes, published, heard, say } = desk()
  changes.announce(TENANT, ['connections'], USER)
  changes.announce(TENANT, ['connections', 'own-connections'], USER)
  changes.announce(TENANT, ['overview'])
  await delay(300)
  expect(published).toHaveLength(1)
  say(published[0] ?? '')
  expect(heard).toEqual([
    { tenantId: TENANT, userId: USER, topics: ['connections', 'own-connections'] },
    { tenantId: TENANT, userId: null, topics: ['overview'] },
  ])
})

it('sends what it has when the service stops, and takes no harm from Redis being away', async () => {
  const { changes, published, warn } = desk(() => Promise.reject(new Error('away')))
  changes.announce(TENANT, ['connections'])
  changes.onModuleDestroy()
  await delay(0)
  expect(published).toHaveLength(1)
  expect(warn).toHaveBeenCalledOnce()
})

it('hears nothing in what is no announcement, and skips topics of another version', () => {
  const { heard, warn, say } = desk()
  for (const text of ['', '{}', '[["x",null,[]]]', '[[1]]']) say(text)
  expect([heard, warn.mock.calls.length]).toEqual([[], 4])
  say(JSON.stringify([[TENANT, null, ['weather', 'devices', '__proto__']]]))
  expect(heard).toEqual([{ tenantId: TENANT, userId: null, topics: ['devices'] }])
})
