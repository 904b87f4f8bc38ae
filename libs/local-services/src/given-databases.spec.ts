import { expect, it } from 'vitest'

import { requirePostgres, requireRedis } from './given-databases.ts'

it('names DATABASE_URL when no PostgreSQL answers, without the password', async () => {
  const asked = requirePostgres('postgresql://owner:hunter2@127.0.0.1:1/sallyport')
  await expect(asked).rejects.toThrow(/^DATABASE_URL: no PostgreSQL answers there \(.*ECONNREFUSED.*\)\. Start it/)
  await expect(asked).rejects.not.toThrow(/hunter2/)
})

it('names REDIS_URL when no Redis answers, without the password', async () => {
  const asked = requireRedis('redis://:hunter2@127.0.0.1:1')
  await expect(asked).rejects.toThrow(/^REDIS_URL: no Redis answers there \(.*ECONNREFUSED.*\)\. Start it/)
  await expect(asked).rejects.not.toThrow(/hunter2/)
})
