import type { Database } from '@sallyport/database'

import type { SharedStore } from './shared-store.ts'

/** Tells which server that the service cannot work without is away; `undefined` when none is. */
export async function findProblem(
  database: Pick<Database, 'platform'>,
  store: Pick<SharedStore, 'run'>,
): Promise<string | undefined> {
  const [asked, stored] = await Promise.allSettled([
    database.platform.$queryRaw`SELECT 1`,
    store.run((redis) => redis.ping()),
  ])
  const away = [
    ...(asked.status === 'rejected' ? ['PostgreSQL'] : []),
    ...(stored.status === 'rejected' ? ['Redis'] : []),
  ]
  return away.length === 0 ? undefined : `${away.join(' and ')} cannot be reached`
}
